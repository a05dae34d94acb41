/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/advice.h"

#include <string.h>

/* Next steps that many words share. */
#define BUILD_AGAIN                                                            \
    "build the bundle again with a current sallyport-builder; if the same "    \
    "comes back, do not trust the machine or the medium it came from"
#define BAD_PACKAGE                                                            \
    "do not use this package; fetch it again from another mirror, and if it "  \
    "is refused again, report it to those who publish it"
#define BAD_MEDIUM                                                             \
    "write the bundle again, on another stick if this one did it before, and " \
    "repeat"
#define SPLIT_IT "build smaller bundles and bring them one after the other"
#define REPORT_IT                                                              \
    "repeat with 'sallyport doctor'; if it is well, please report this with "  \
    "the whole message"
#define RUN_DOCTOR "run 'sallyport doctor': it names what is missing"
#define KEY_FILES                                                              \
    "compare the files in /etc/sallyport/keys (or --keys) with the keys that " \
    "the distribution publishes"
#define ASK_AGAIN                                                              \
    "make a new request with 'sallyport request' and bring that one"
#define CARRIER "look after the sending side and repeat; nothing was kept"

static const struct sp_advice table[] = {
    /* our own faults and the machine's */
    {"internal", "sallyport found itself in a state that must not be",
     REPORT_IT},
    {"worker-died", "a worker process ended without saying why", REPORT_IT},
    {"worker-left", "processes of a worker could not be ended in time",
     "look at the process ids in the message; nothing was published"},
    {"protocol", "a worker said something that its protocol does not know",
     REPORT_IT},
    {"disagreement", "two workers do not agree on what they judged", REPORT_IT},
    {"no-memory", "the machine has no memory left for this",
     "free some memory "
     "and repeat"},
    {"interrupted", "a signal or Ctrl-C ended the run",
     "repeat when you like; an interruption is safe at any time"},
    {"usage", "the command line cannot be understood",
     "look at 'sallyport COMMAND --help'"},
    {"no-transport", "there is no carrier of this name",
     "'sallyport ingest --help' lists the carriers; a file whose name has a "
     "colon is written file:NAME"},
    {"device-unsafe", "the device is not one that may be written over",
     "'sallyport-builder devices' lists the sticks that may be written, and "
     "why the others may not"},
    {"not-confirmed",
     "nobody said that this device may be written over, or "
     "that this delivery may be published",
     "for a device compare model, serial number and size, then type the serial "
     "number, or give it with --yes-really=SERIAL; a delivery is asked about "
     "again when it is taken in again"},
    {"io", "the operating system reported a fault for a file of this machine",
     "the message names file and cause; repair that and repeat"},
    {"not-found", "a file or directory that is needed is not there",
     "check the path in the message"},
    {"state", "the state directory is not as sallyport left it",
     "run 'sallyport doctor'; only the state directory's owner may write "
     "there"},

    /* the carrier */
    {"truncated", "the delivery ended before it was complete",
     "send or write it again; wait for the writer to say that it is done"},
    {"idle", "the sender sent nothing for too long", CARRIER},
    {"too-slow", "the sender sent too slowly for too long", CARRIER},
    {"too-long", "the sender sent more than the ceiling allows", SPLIT_IT},
    {"peer-gone", "the other side of the carrier went away", CARRIER},
    {"unreachable", "a repository or a machine cannot be reached",
     "check network, proxy and address on the networked machine; this does "
     "not mean that there are no updates"},
    {"download", "a download failed",
     "repeat; what was fetched whole is kept and not fetched again"},
    {"redirect", "a server sent the download to a place that is not allowed",
     "use another mirror"},
    {"tls", "nothing proves that a server is the right one",
     "use an https address, check the clock of the networked machine, or use "
     "another mirror"},
    {"http-status", "a server answered with an error",
     "use another mirror, or wait until this one is in order"},

    /* container and manifest */
    {"empty", "there is not one byte in the delivery",
     "check that the bundle was written to this place"},
    {"frame", "the sender's framing on the vchan is wrong",
     "use sallyport-vchan of the same version on both sides; if the same "
     "comes back, do not trust the sending machine"},
    {"not-a-bundle", "this is neither a bundle nor a qfile stream",
     "check file or device; a single package is looked at with 'sallyport "
     "verify FILE'"},
    {"qfile-header",
     "a qfile stream carries something that is no regular file, or a time "
     "that is none",
     "send package files and nothing else"},
    {"noncanonical-header",
     "a header of the bundle is not written in the one "
     "way that the format allows",
     BUILD_AGAIN},
    {"member-padding", "the filling behind a member is not zero", BUILD_AGAIN},
    {"end-marker", "the two zero blocks at the end of the bundle are wrong",
     BUILD_AGAIN},
    {"trailing-data", "there are bytes behind the end of the bundle",
     BUILD_AGAIN},
    {"parser-disagreement",
     "the gate and libarchive read the same bytes "
     "differently",
     BUILD_AGAIN},
    {"manifest-syntax", "a line of MANIFEST cannot be understood", BUILD_AGAIN},
    {"manifest-order", "the lines of MANIFEST are not in their order",
     BUILD_AGAIN},
    {"manifest-total", "the totals of MANIFEST do not fit its lines",
     BUILD_AGAIN},
    {"manifest-member", "the members of the bundle are not those of MANIFEST",
     BUILD_AGAIN},
    {"groups", "the package groups in the bundle are not as they must be",
     BUILD_AGAIN},
    {"manifest-version",
     "the bundle has a format version that this sallyport "
     "does not know",
     "use a sallyport-builder of the same version as this sallyport"},
    {"list-syntax", "a line of the package list cannot be understood",
     "correct the line that the message names"},

    /* repositories, on the networked machine */
    {"repo-file", "a repository file cannot be understood",
     "the message names file and line; correct it on the machine that it "
     "came from, and write the request again"},
    {"metadata", "the metadata of a repository is not what it should be",
     "use another mirror, or wait until the repository is in order; nothing "
     "was packed"},
    {"metadata-size", "the metadata of a repository is larger than is taken",
     "use another mirror; if all say the same, do not trust the repository"},
    {"metadata-digest",
     "a metadata file does not match the digest that its repository gives",
     "repeat, or use another mirror: this one is damaged, or out of step"},
    {"request-syntax", "a line of the request cannot be understood", ASK_AGAIN},
    {"request-version", "the request is in a format that is not known here",
     "bring the builder to the version of the machine that made the request"},
    {"request-count",
     "the request holds another number of packages than it "
     "says",
     ASK_AGAIN},
    {"request-empty", "a request without installed packages is no request",
     "check --dbpath, and that 'rpm -qa' lists packages; make a new request"},

    /* the package envelope */
    {"not-rpm", "the file does not begin as an rpm package does",
     "look at a bundle with 'sallyport inspect'; a package that begins "
     "otherwise is damaged: fetch it again from another mirror"},
    {"lead-version", "the package has a lead of an unknown version",
     BAD_PACKAGE},
    {"lead-type", "the lead says neither binary nor source package",
     BAD_PACKAGE},
    {"lead-sigtype", "the lead names an old kind of signature", BAD_PACKAGE},
    {"header-magic", "a header of the package does not begin with its magic",
     BAD_PACKAGE},
    {"region", "a header does not begin with its region tag", BAD_PACKAGE},
    {"region-trailer", "the region of a header is not closed as it must be",
     BAD_PACKAGE},
    {"tag-order", "the tags of a header are not in rising order", BAD_PACKAGE},
    {"tag-range", "a header has a tag that does not belong there", BAD_PACKAGE},
    {"tag-type", "a tag has another type than its meaning wants", BAD_PACKAGE},
    {"tag-count", "a tag has an impossible number of values", BAD_PACKAGE},
    {"tag-offset", "the data of a tag is not where it must be", BAD_PACKAGE},
    {"tag-padding", "the filling between the data of two tags is not zero",
     BAD_PACKAGE},
    {"tag-bounds", "the data of a tag reaches beyond the header", BAD_PACKAGE},
    {"data-tail", "a header has data that no tag owns", BAD_PACKAGE},
    {"string-nul", "a text in a header has no end", BAD_PACKAGE},
    {"string-count", "a list of texts in a header is not complete",
     BAD_PACKAGE},
    {"string-encoding", "a text in a header has bytes that may not be there",
     BAD_PACKAGE},
    {"reserved-nonzero", "a reserved field is not zero", BAD_PACKAGE},
    {"sig-padding", "the filling behind the signature header is wrong",
     BAD_PACKAGE},
    {"missing-tag", "a tag that every package has is missing", BAD_PACKAGE},
    {"format-unsupported",
     "the package has a format that is not supported, "
     "such as rpm v6",
     "ask for a package in rpm v4 format, or for a newer sallyport"},

    /* ceilings */
    {"index-count", "a header has more tags than any real package",
     BAD_PACKAGE},
    {"data-size", "a header is larger than that of any real package",
     BAD_PACKAGE},
    {"sig-size", "a signature is larger than any real one", BAD_PACKAGE},
    {"too-many-files", "the delivery has more packages than the ceiling allows",
     SPLIT_IT},
    {"too-many-bytes", "the delivery has more bytes than the ceiling allows",
     SPLIT_IT},
    {"file-too-large", "one package is larger than the ceiling allows",
     "leave this package out; 8 GiB is the most that the format can carry"},
    {"manifest-size", "MANIFEST is larger than the ceiling allows", SPLIT_IT},
    {"request-size", "the request is larger than the ceiling allows",
     ASK_AGAIN},

    /* names */
    {"nevra",
     "name, version, release or architecture of a package is not one "
     "that may become a file name",
     BAD_PACKAGE},
    {"filename-mismatch",
     "MANIFEST promises another package than the one that "
     "was signed",
     BUILD_AGAIN},
    {"duplicate-nevra", "the same package is there twice", BUILD_AGAIN},
    {"two-versions",
     "there are two versions of a package of which only one "
     "can be installed",
     "build a bundle with one of them"},
    {"member-name", "a member has a name that the format does not allow",
     BUILD_AGAIN},
    {"name-too-long", "a file name of a qfile stream is too long",
     "send package files under their own names"},

    /* digests */
    {"header-digest",
     "the header of the package is not the one that its "
     "digest belongs to",
     BAD_PACKAGE},
    {"no-payload-digest",
     "the package has no digest of its payload, so that "
     "its signature does not cover it",
     "ask for a package that was built with rpm 4.14 or newer"},
    {"payload-digest-type",
     "the payload digest of the package is not written "
     "as it must be",
     BAD_PACKAGE},
    {"payload-digest-algo", "the payload digest is not SHA-256", BAD_PACKAGE},
    {"payload-digest-hex", "the payload digest is not a SHA-256 number",
     BAD_PACKAGE},
    {"payload-digest-mismatch",
     "the payload was damaged or altered after the "
     "package was signed",
     BAD_PACKAGE},
    {"list-digest", "a package is not the one that the list names by digest",
     "check list and package; one of them was changed"},

    /* the medium */
    {"manifest-digest", "MANIFEST is not as it was written", BAD_MEDIUM},
    {"head-digest", "the beginning of a package is not as it was written",
     BAD_MEDIUM},
    {"evidence-digest",
     "signed metadata in the bundle is not as it was "
     "written",
     BAD_MEDIUM},
    {"request-digest", "the request is not as it was written", ASK_AGAIN},
    {"request-truncated", "the request ends before its end line", ASK_AGAIN},
    {"read-error", "the medium cannot be read",
     "try another port, then write the bundle to another stick"},
    {"write-error", "the medium cannot be written",
     "use another stick; what is on this one is no whole bundle"},
    {"read-back", "the medium does not hold what was written to it",
     "use another stick: this one is worn out, or smaller than it says"},
    {"no-medium", "there is no medium in the device",
     "put the card or the stick in, and look which name it gets"},

    /* signatures */
    {"no-header-signature", "the package is not signed", BAD_PACKAGE},
    {"two-header-signatures",
     "the package has two signatures where one must "
     "be",
     BAD_PACKAGE},
    {"sig-tag-algo", "the signature stands under a tag of another algorithm",
     BAD_PACKAGE},
    {"sig-packet", "the signature is not an OpenPGP packet", BAD_PACKAGE},
    {"sig-packet-length", "the length of the signature packet is wrong",
     BAD_PACKAGE},
    {"sig-packet-tag", "the OpenPGP packet is not a signature", BAD_PACKAGE},
    {"sig-trailing", "there are bytes behind the signature", BAD_PACKAGE},
    {"sig-version", "the signature has a version that is not accepted",
     BAD_PACKAGE},
    {"sig-type", "the signature is not one over a file", BAD_PACKAGE},
    {"sig-hash-algo", "the signature uses a hash that is too weak or unknown",
     "ask those who publish the package for one signed with SHA-256 or better"},
    {"sig-pubkey-algo", "the signature uses an unknown kind of key",
     BAD_PACKAGE},
    {"sig-subpacket", "a part of the signature is not accepted", BAD_PACKAGE},
    {"sig-issuer", "the signature contradicts itself about its key",
     BAD_PACKAGE},
    {"sig-no-issuer", "the signature does not name its key", BAD_PACKAGE},
    {"sig-no-time", "the signature does not say when it was made", BAD_PACKAGE},
    {"sig-mpi", "the numbers of the signature are not well formed",
     BAD_PACKAGE},
    {"sig-future", "the signature was made in the future",
     "check the clock of this machine; if it is right, do not use the package"},
    {"sig-expired", "the signature is no longer valid",
     "fetch the package again: a valid one has a newer signature"},
    {"sig-before-key", "the signature is older than the key that made it",
     BAD_PACKAGE},
    {"bad-signature", "the signature does not belong to this package",
     BAD_PACKAGE},
    {"engine-missing", "gpg is not there or cannot be started", RUN_DOCTOR},
    {"engine-error", "gpg did not give an answer that can be relied on",
     RUN_DOCTOR},

    /* keys */
    {"no-keys", "there is not one key to verify with",
     "put the distribution's key files into /etc/sallyport/keys, or name them "
     "with --keys"},
    {"no-key",
     "the package is signed with a key that this machine does not "
     "have",
     KEY_FILES "; never take a key from the machine that sent the package"},
    {"key-file", "a key file cannot be used", KEY_FILES},
    {"key-not-allowed",
     "the package is signed with a key that the policy does "
     "not allow",
     "if the key is right, add its fingerprint to the policy"},
    {"key-revoked", "the key that signed was revoked by its owner",
     "do not use the package; look for news of those who publish it"},
    {"key-expired", "the key that signed is no longer valid",
     "update the key files from the distribution's own package"},
    {"key-usage", "the key may not be used for signatures", KEY_FILES},
    {"key-too-small", "the key is too small to be safe",
     "ask those who publish the packages for a stronger key"},
    {"duplicate-key-id", "two different keys share one key id", KEY_FILES},

    /* policy and freshness */
    {"source-package", "source packages are not installed by dnf",
     "build the bundle without them"},
    {"foreign-arch", "the package is for another kind of machine",
     "build the bundle for this machine's architecture"},
    {"name-not-wanted", "the package is neither installed nor was it asked for",
     "look at it with 'sallyport inspect'; if you want it, repeat with "
     "--allow-new NAME"},
    {"downgrade", "the package is older than what this machine already had",
     "if you want the older one, repeat with --allow-downgrade NAME; if not, "
     "ask why the sender sends old packages"},
    {"key-pattern",
     "the policy does not let this key sign a package of this "
     "name",
     "compare with the patterns in the policy; do not widen them for one "
     "package"},
    {"unsolicited", "the delivery answers no pending request of this machine",
     "write a request and build with it, or repeat with --any-request when "
     "you brought the bundle yourself"},
    {"boot-not-mounted",
     "a boot partition that the system's table names is not mounted",
     "mount it, or say --skip-boot-check when it is meant to be away"},
    {"xen-upgrade",
     "the hypervisor would be replaced by another version while qubes run",
     "shut all qubes down and repeat, or say --force-xen-upgrade and restart "
     "the machine right behind it"},
    {"foreign-qube", "the call comes from a qube that may not bring updates",
     "compare the name in the message with 'updatevm' in the policy; if you "
     "did not start this, that qube tries something"},
    {"no-match", "a package that was asked for is in no repository",
     "compare the name with the near ones in the message, and see that its "
     "repository is enabled; then write the request again"},
    {"unsolvable", "what was asked for cannot be installed together",
     "read the problem in the message; ask for less, or allow the removal of "
     "packages with --allowerasing in the request"},
    {"protected", "the plan would remove a package that is protected",
     "ask for something else: this package must stay"},
    {"metadata-mismatch",
     "a package is another one than the metadata of its repository says",
     "use another mirror, and tell the people of the repository"},
    {"plan-differs",
     "the downloaded packages do not give what the metadata promised",
     "use another mirror: its metadata and its packages do not go together"},
    {"policy-file", "a line of the policy file cannot be understood",
     "correct the line that the message names"},
    {"metadata-rollback",
     "the repository data is older than what this machine "
     "has already seen",
     "use another mirror; somebody may be holding back updates"},
    {"too-old",
     "the newest package or metadata that was ever seen here is older than the "
     "policy allows",
     "build again against another mirror: updates exist, or somebody holds "
     "them "
     "back; what came is published"},
    {"clock",
     "the clock of this machine is behind what was verified here, or far ahead "
     "of it",
     "set the clock of this machine; if it is right after all, 'sallyport "
     "state "
     "reset clock --reason TEXT'"},
    {"mix-and-match",
     "a package is not the one that the signed metadata of its repository "
     "lists",
     "build again; if it comes back, use another mirror: somebody mixes old "
     "and "
     "new"},
    {"withheld",
     "signed metadata lists a newer version of a package, and the delivery "
     "does "
     "not bring it",
     "build again against another mirror; the policy refuses what is "
     "incomplete"},
    {"no-evidence",
     "the delivery brings no good signed metadata of a repository of which the "
     "policy requires it",
     "build again against another mirror; if the repository does not sign any "
     "more, change the policy"},

    /* jail, lock, room, publishing */
    {"sandbox", "a wall of a worker's jail could not be set up",
     "run 'sallyport doctor'; Landlock and seccomp must be there, and nothing "
     "runs without them"},
    {"forbidden-call", "a worker tried what its jail forbids and was ended",
     "treat the delivery as an attack: keep it and tell us about it"},
    {"escape", "an act that a jail must stop got through",
     "do not bring deliveries to this machine; report kernel version and "
     "'sallyport doctor --json'"},
    {"busy", "another sallyport works on this repository",
     "wait until it is done; the message names its process"},
    {"device-in-use", "the device is mounted, or another program holds it",
     "unmount it, and close what uses it; it must not be mounted at all"},
    {"space", "there is not enough room on the disk",
     "make room on that disk; the message says how much"},
    {"publish", "the repository could not be switched over",
     "the message names the cause; repair that and repeat"},
    {"index", "the index of the repository could not be made", RUN_DOCTOR},
    {"no-generation", "there is no such generation of the repository",
     "'sallyport status' lists those that are there"},
};

static const size_t table_n = sizeof(table) / sizeof(table[0]);

const struct sp_advice *
sp_advice_at(size_t i)
{
    return i < table_n ? &table[i] : NULL;
}

const struct sp_advice *
sp_advice_find(const char *word)
{
    for (size_t i = 0; i < table_n; i++)
        if (strcmp(table[i].word, word) == 0)
            return &table[i];
    return NULL;
}

const char *
sp_advice_class(enum sp_code code)
{
    switch (code) {
    case SP_OK: return "done, or nothing to do";
    case SP_E_INTERNAL: return "a fault of sallyport or of the machine";
    case SP_E_USAGE: return "the command line is wrong";
    case SP_E_IO: return "a file of this machine cannot be read or written";
    case SP_E_TRANSPORT: return "the carrier broke off";
    case SP_E_FORMAT: return "bytes that are not written as they must be";
    case SP_E_LIMIT: return "more than a ceiling allows";
    case SP_E_NAME:
        return "names that are not allowed or contradict each other";
    case SP_E_DIGEST: return "a package is not what its digests say";
    case SP_E_MEDIA: return "the medium is damaged";
    case SP_E_SIGNATURE: return "a signature is missing, bad or not acceptable";
    case SP_E_KEY: return "a key is missing or may not be used";
    case SP_E_POLICY: return "valid, but not wanted on this machine";
    case SP_E_STALE: return "valid, but too old";
    case SP_E_SANDBOX: return "a jail does not hold";
    case SP_E_BUSY: return "another program is at work with it";
    case SP_E_SPACE: return "not enough room on the disk";
    case SP_E_PUBLISH: return "the repository could not be published";
    case SP_UPDATES_EXIST: return "updates exist; not a fault";
    }
    return "";
}
