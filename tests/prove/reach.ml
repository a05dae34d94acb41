(* SPDX-License-Identifier: GPL-2.0-or-later *)
(* Behind an analysis: one line a statement that does or decides something,
   "reach 1 FILE LINE FUNCTION TEXT", 0 where Eva shows that nothing leads to
   it. *)
open Cil_types

let text stmt =
  match stmt.skind with
  | Instr _ | Return _ -> Some (Format.asprintf "%a" Cil_printer.pp_stmt stmt)
  | If (e, _, _, _) -> Some (Format.asprintf "if %a" Cil_printer.pp_exp e)
  | Switch (e, _, _, _) ->
    Some (Format.asprintf "switch %a" Cil_printer.pp_exp e)
  | _ -> None

let show kf stmt =
  match text stmt with
  | None -> ()
  | Some words ->
    let place = fst (Cil_datatype.Stmt.loc stmt) in
    let one_line = String.map (fun c -> if c = '\n' then ' ' else c) words in
    Kernel.result "reach %d %s %d %s %s"
      (if Db.Value.is_reachable_stmt stmt then 1 else 0)
      (Filepath.Normalized.to_pretty_string place.Filepath.pos_path)
      place.Filepath.pos_lnum (Kernel_function.get_name kf) one_line

let main () =
  if Db.Value.is_computed () then
    Globals.Functions.iter (fun kf ->
        if Kernel_function.is_definition kf then
          List.iter (show kf) (Kernel_function.get_definition kf).sallstmts)

let () = Db.Main.extend main
