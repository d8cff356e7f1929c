"""The catalogue: every law that a deployment is held to, once, in one place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Subject = Literal[
    "schema",
    "errors",
    "pagination",
    "search",
    "state",
    "access",
    "protocol",
    "images",
    "assignments",
    "courses",
    "exim",
    "providers",
    "analytics",
    "issuers",
    "assertions",
]

LIST = "credentials_orgs_users_retrieve"
CREATE = "credentials_orgs_users_create"
RETRIEVE = "credentials_orgs_users_retrieve_2"
UPDATE = "credentials_orgs_users_update"
DELETE = "credentials_orgs_users_destroy"
ISSUERS = "credentials_orgs_users_issuers_retrieve"
ISSUER = "credentials_orgs_users_issuers_retrieve_2"
ISSUER_CREATE = "credentials_orgs_users_issuers_create"
ISSUER_UPDATE = "credentials_orgs_users_issuers_update"
ISSUER_DELETE = "credentials_orgs_users_issuers_destroy"
AUTHORITY = "credentials_orgs_users_issuers_authority_create"
USER_ASSERTIONS = "credentials_orgs_users_assertions_retrieve"
ASSERTION = "credentials_orgs_users_assertions_retrieve_2"
ASSERTION_UPDATE = "credentials_orgs_users_assertions_update"
ASSERTIONS = "credentials_orgs_users_assertions_retrieve_3"
ISSUE = "credentials_orgs_users_assertions_create"
BULK_ISSUE = "credentials_orgs_users_assertions_bulk_create"
PUBLIC = "credentials_public_assertions_retrieve"
ISSUES = (ISSUE, BULK_ISSUE, ASSERTION_UPDATE)
EVERY = (
    *(LIST, CREATE, RETRIEVE, UPDATE, DELETE, ISSUERS, ISSUER, ISSUER_CREATE, ISSUER_UPDATE),
    *(ISSUER_DELETE, AUTHORITY, USER_ASSERTIONS, ASSERTION, ASSERTIONS, *ISSUES),
)
"""What needs a key."""
WRITES = (CREATE, UPDATE, DELETE)
IMAGES = "credentials_orgs_users_images_retrieve"
IMAGE_UPLOAD = "credentials_orgs_users_images_create"
USER_ASSIGNMENTS = "credentials_orgs_users_assignments_users_retrieve"
ASSIGN_USERS = "credentials_orgs_users_assignments_users_create"
GROUP_ASSIGNMENTS = "credentials_orgs_users_assignments_groups_retrieve"
ASSIGN_GROUPS = "credentials_orgs_users_assignments_groups_create"
UNASSIGN = "credentials_orgs_users_assignments_destroy"
COURSES = "credentials_orgs_users_course_credentials_list"
EXPORT = "credentials_exim_credentials_course_export_retrieve"
IMPORT = "credentials_exim_credentials_course_import_create"
PROVIDERS = "credentials_providers_list"
CONFIGS = "credentials_provider_config_list"
CONFIGURE = "credentials_provider_config_create"
MAPPINGS = "credentials_external_mapping_list"
MAP = "credentials_external_mapping_create"
ISSUED_BY_DAY = "credentials_orgs_users_assertions_over_time_retrieve"
EARNED_BY_DAY = "credentials_orgs_users_course_assertions_over_time_retrieve"
CREATED_BY_DAY = "credentials_orgs_users_credentials_over_time_retrieve"
NUMBERS = (ISSUED_BY_DAY, EARNED_BY_DAY, CREATED_BY_DAY)
FAMILY = (
    *NUMBERS,
    *(IMAGES, IMAGE_UPLOAD, USER_ASSIGNMENTS, ASSIGN_USERS, GROUP_ASSIGNMENTS, ASSIGN_GROUPS),
    *(UNASSIGN, COURSES, EXPORT, IMPORT, PROVIDERS, CONFIGS, CONFIGURE, MAPPINGS, MAP),
)
ALL = (*EVERY, PUBLIC, *FAMILY)
"""What every reply is held to, whatever is tested."""
IRREVERSIBLE = {
    IMAGE_UPLOAD: "an image cannot be deleted again",
    ASSIGN_USERS: "people are told what they are assigned",
    ASSIGN_GROUPS: "people are told what they are assigned",
    UNASSIGN: "people are told what they are assigned",
    IMPORT: "an import changes what is there",
    CONFIGURE: "a configuration cannot be taken back",
    MAP: "a mapping cannot be taken back",
}
"""Operations for targets that are thrown away, and why."""


@dataclass(frozen=True)
class Rule:
    """One law.

    `needs` are what a target must offer: `write`, `disposable`, the role of a key, `other_org`,
    `other_user_id`, `username`, `not_production`. `evidence` as in the contract; `choice` where
    nothing is known and the project chose, `option` where the user sets the limit.
    """

    id: str
    law: str
    evidence: str
    why: str
    breach: str
    needs: tuple[str, ...] = ()
    operations: tuple[str, ...] = EVERY

    @property
    def subject(self) -> Subject:
        """What the rule is about."""
        return _SUBJECTS[self.id.partition("-")[0]]

    @property
    def is_about_a_part(self) -> bool:
        """Whether the rule is about a part of the API, and needs all of its operations."""
        return self.subject not in EVERYWHERE

    @property
    def writes(self) -> bool:
        """Whether the rule creates, changes or deletes."""
        return "write" in self.needs


_SUBJECTS: Mapping[str, Subject] = {
    "SCHEMA": "schema",
    "ERR": "errors",
    "PAGE": "pagination",
    "SEARCH": "search",
    "STATE": "state",
    "ACCESS": "access",
    "PROTO": "protocol",
    "IMAGE": "images",
    "ASSIGN": "assignments",
    "COURSE": "courses",
    "EXIM": "exim",
    "PROVIDER": "providers",
    "STAT": "analytics",
    "ISSUER": "issuers",
    "ASSERT": "assertions",
}
SUBJECTS = tuple(dict.fromkeys(_SUBJECTS.values()))
EVERYWHERE = frozenset({"schema", "errors", "pagination", "search", "state", "access", "protocol"})
"""Subjects of rules that hold for any operation, and are tested on those that are there."""
W = ("write",)
D = ("write", "disposable")

CATALOGUE: tuple[Rule, ...] = (
    Rule("SCHEMA-01", "Every reply is one that the contract documents: status, content type, headers, body.",
         "C N P F", "A client reads what is promised, field by field.",
         "the list answers `programs` as one text where a list of objects is promised", (), ALL),
    Rule("SCHEMA-02", "Answers hold no field that the contract does not know.", "C",
         "Clients begin to rely on what they see; an internal column leaks.",
         "credentials carry the `id` of a row (a breach with --no-unknown-fields, else a notice)", (), ALL),
    Rule("SCHEMA-03", "The bodies that the contract shows as examples are accepted.", "N C",
         "They are what people copy first.", "the smallest create body is 400", W, (CREATE, UPDATE)),
    Rule("SCHEMA-04", "Whatever the contract's parameters and bodies can hold gets a documented answer.", "F",
         "Generated requests go where nobody looks.", "a `page_size` of 10^30 is a 500", (),
         tuple(each for each in (*EVERY, PUBLIC, *NUMBERS) if each not in (DELETE, ISSUER_DELETE))),
    Rule("SCHEMA-05", "Answers refer to each other: what a list shows is retrieved, with the same content.", "C",
         "A client keeps an id of a list and asks for it.", "the item lacks the metadata that its list shows",
         (), (LIST, RETRIEVE, ISSUERS, ISSUER)),
    Rule("SCHEMA-06", "The envelope tells success, and `Ok`, `Created` or `Updated` as is due.", "N C",
         "Clients test `status.success`.", "an update answers `success: false`", (), (LIST, CREATE, RETRIEVE, UPDATE)),
    Rule("SCHEMA-07", "Addresses of images are absolute, or null.", "C",
         "A front end on another host cannot load a path.", "`iconImage` is `/media/a.png`", (), (LIST, RETRIEVE)),

    Rule("ERR-01", "No request is answered with a 5xx.", "F", "A 5xx is a bug, whatever was sent.",
         "a NUL in `search` is a 500", (), ALL),
    Rule("ERR-02", "An unknown id is 404 with a `detail`, on every method.", "N F",
         "Clients tell `gone` from `broken` by it.", "GET of an unknown id is 200 with `result: null`",
         (), (RETRIEVE, UPDATE, DELETE, ISSUER)),
    Rule("ERR-03", "An unknown platform is 404.", "N F", "A typing mistake in a tenant key must be told.",
         "an unknown platform is a 500", (), ALL),
    Rule("ERR-04", "An unknown user is 404.", "F", "The path names a user; one who is not there is an error.",
         "`users/999999999/` lists credentials", (), EVERY),
    Rule("ERR-05", "An issuer that does not exist on the platform is 400 on `issuer`.", "F",
         "Nobody may issue in a name that is not there.", "an unknown issuer is replaced by the first one", W, (CREATE, UPDATE)),
    Rule("ERR-06", "A missing required field is 400 on that field.", "N F", "A form shows the message at its field.",
         "a body without `name` makes an `Untitled` credential", W, (CREATE,)),
    Rule("ERR-07", "A value that a field cannot hold is 400 on that field, as a list of messages.", "F P",
         "A form shows the message at its field.", "`signal: x` is stored", W, (CREATE, UPDATE)),
    Rule("ERR-08", "A body that cannot be parsed is 400 with a `detail`.", "F", "A cut-off body must never count as an empty one.",
         "a PUT of `{` answers 200", W, (CREATE, UPDATE)),
    Rule("ERR-09", "A body that is not an object is 400.", "F", "A list is no credential.", "`[]` creates a credential", W, (CREATE, UPDATE)),
    Rule("ERR-10", "Courses, programs and pathways that do not exist are 400 on their field.", "F",
         "A link to nothing is lost in silence otherwise.", "an unknown course is dropped", W, (CREATE, UPDATE)),
    Rule("ERR-11", "Two spellings of one field that disagree are 400 on that field.", "choice",
         "No reading of such a body is right.", "the second spelling just wins", W, (CREATE, UPDATE)),
    Rule("ERR-12", "Refusals come in the framework's order: key, permission, look-up, body.", "F",
         "A stranger must learn nothing from the order.", "a bad body to an unknown id is 400, not 404", W, (UPDATE,)),
    Rule("ERR-13", "A body in a media type that nobody reads is 415.", "F P", "Guessing a type stores nonsense.",
         "`text/csv` is stored as JSON", W, ALL),

    Rule("PAGE-01", "`count` is the number of items, and walking `next` visits each exactly once.", "F N",
         "A client that follows `next` must see everything.", "an item at each page boundary is on no page", (), (LIST, ISSUERS)),
    Rule("PAGE-02", "`num_pages`, `page_number` and the length of each page follow from `count` and the size.", "F",
         "Pagers are drawn from these numbers.", "`num_pages` is rounded down", (), (LIST, ISSUERS)),
    Rule("PAGE-03", "`previous` leads back, page by page, and is null on the first one.", "F", "Clients page back.",
         "`previous` is always null", (), (LIST,)),
    Rule("PAGE-04", "Links are absolute, on the address that the client used, and keep every other parameter.", "F",
         "A client follows them as they are.", "the second page of a search is of everything", (), (LIST,)),
    Rule("PAGE-05", "A page out of range or no number is 404; `last` is the last page, an empty one the first.", "F",
         "The end of a walk must be seen.", "page 9999 is the last page again", (), (LIST, ISSUERS)),
    Rule("PAGE-06", "An unusable `page_size` is the default, one over the maximum is capped, others hold.", "F N",
         "One request must not fetch a whole tenant.", "`page_size=101` yields 101 items", (), (LIST, ISSUERS)),
    Rule("PAGE-07", "Credentials come newest first, in the same order each time.", "G", "The newest is looked for on top.",
         "the list is ordered by name", (), (LIST,)),
    Rule("PAGE-08", "Nothing found is one empty page.", "F", "An empty list is no error.",
         "a search without a result is 404", (), (LIST,)),
    Rule("PAGE-09", "What is created or deleted during a walk shifts it by one, as the order says.", "F G",
         "Other items may move, none may vanish.", "a walk loses an item when another is created", W, (LIST, CREATE, DELETE)),
    Rule("PAGE-10", "More items than the maximum still come in pages of the maximum.", "N",
         "One request must not fetch a whole tenant.", "`page_size=1000` yields 101 items", ("write", "disposable"), (LIST,)),

    Rule("SEARCH-01", "`search` finds exactly what contains the text in name, override or description, in any case.", "N G",
         "People type what they remember.", "`PYTHON` does not find `Python`", (), (LIST,)),
    Rule("SEARCH-02", "`course` and `program` list exactly what is linked to that id.", "N G",
         "A course's page shows its credentials.", "a part of a course's id finds it too", (), (LIST,)),
    Rule("SEARCH-03", "Filters together list what each of them lists.", "G", "Narrowing must never widen.",
         "a course next to a search is ignored", (), (LIST,)),
    Rule("SEARCH-04", "What is not public is in no list, search or filter.", "N G", "Drafts are not for learners.",
         "a course's list shows a draft", W, (LIST,)),
    Rule("SEARCH-05", "No list, search or filter shows what belongs to another platform.", "N",
         "Tenants must not see each other.", "a search finds another platform's credential", ("other_org_admin", "other_org", "other_user_id"), (LIST,)),
    Rule("SEARCH-06", "Every character of a search stands for itself, and every letter has two cases.", "F",
         "% and _ are characters, É is a letter.", "`%` finds everything", W, (LIST,)),
    Rule("SEARCH-07", "`q` finds exactly the issuers whose name contains it.", "N", "People pick an issuer by its name.",
         "`q` changes nothing", (), (ISSUERS,)),

    Rule("STATE-01", "Whatever is created, changed and deleted in any order, answers are what a plain collection would give.", "N G F",
         "A front end works on what it wrote.", "a change of the name makes the tags null", W, (*WRITES, LIST, RETRIEVE)),
    Rule("STATE-02", "What is written is what is read, by item and in the list.", "C N", "Nothing that was sent may be lost.",
         "the description that was sent is not stored", W, (CREATE, RETRIEVE, LIST)),
    Rule("STATE-03", "What is not sent has its default: null or empty, `COURSE_PASSED`, public.", "N P",
         "The smallest body is the commonest.", "a form without `public` makes a private credential", W, (CREATE,)),
    Rule("STATE-04", "A PUT changes the fields that it names, and no other; id and time of creation stay.", "N G",
         "Forms send one field.", "a PUT of the name resets the description", W, (UPDATE,)),
    Rule("STATE-05", "An object in `metadata` is merged into the one that is there.", "G", "Several programs keep their own keys there.",
         "the other keys are lost", W, (UPDATE,)),
    Rule("STATE-06", "Two spellings are one field.", "N C G", "Both are in use.", "`criteria_text` is ignored", W, (CREATE, UPDATE)),
    Rule("STATE-07", "JSON, urlencoded and multipart bodies store the same.", "N P", "Uploads come as forms.",
         "of a repeated tag one stays", W, (CREATE, UPDATE)),
    Rule("STATE-08", "A refused request changes nothing.", "F", "A user corrects the form and sends it again.",
         "a refused PUT has changed the name", W, (CREATE, UPDATE)),
    Rule("STATE-09", "What is deleted is gone everywhere, and nothing else is.", "N", "Deleting is final.",
         "a deleted credential stays in the list", W, (DELETE,)),
    Rule("STATE-10", "No id is given twice.", "F", "Links must not come to mean something else.",
         "a new credential has the id of the one that was just deleted", W, (CREATE,)),
    Rule("STATE-11", "Texts come back as they were sent, trimmed at most.", "F", "Names are people's words.",
         "an emoji comes back as `?`", W, (CREATE, UPDATE)),
    Rule("STATE-12", "Fields that the server makes are ignored in a body.", "F", "Clients send back what they got.",
         "`createdAt` of a body is stored", W, (CREATE, UPDATE)),
    Rule("STATE-13", "Requests at the same time all succeed, and none undoes another.", "F", "Two people work at once.",
         "of two creations at once one is a 500", W, WRITES),
    Rule("STATE-14", "A write is seen by the next read.", "F", "A front end reloads after saving.",
         "the list shows the old name for seconds", W, (LIST, RETRIEVE)),

    Rule("ACCESS-01", "Without a key everything is 401 with a challenge, also after somebody with a key asked.", "N F",
         "The door must be closed.", "the list is answered without a key", (), ALL),
    Rule("ACCESS-02", "A key that does not exist is 401 with a challenge.", "N F", "401 and 403 mean different things to a client.",
         "an unknown key is 403"),
    Rule("ACCESS-03", "A retired key is 401.", "F", "Retiring a key must end its use.", "it still opens everything", ("retired",)),
    Rule("ACCESS-04", "A learner lists and retrieves what is public.", "G", "Learners look at what they can earn.",
         "a learner's list is 403", ("learner",), (LIST, RETRIEVE)),
    Rule("ACCESS-05", "A learner's writes are 403 and change nothing.", "N", "Learners do not write.",
         "a learner creates a credential", ("write", "learner"), WRITES),
    Rule("ACCESS-06", "A department admin creates and changes, and may not delete.", "choice",
         "Deleting is for platform admins.", "a department admin deletes", ("write", "department_admin"), WRITES),
    Rule("ACCESS-07", "To a learner what is not public does not exist.", "G", "Drafts are not for learners.",
         "a learner reads a draft by its id", ("write", "learner"), (RETRIEVE,)),
    Rule("ACCESS-08", "Another platform's key is 403 everywhere, by path and by `platform_org`.", "N",
         "Tenants must not see each other.", "it lists the platform's credentials", ("other_org_admin",), ALL),
    Rule("ACCESS-09", "`platform_org` takes the place of the platform in the path.", "N", "It is documented to.",
         "it is ignored", ("other_org", "other_org_admin", "other_user_id"), (LIST,)),
    Rule("ACCESS-10", "Under one's own platform, another's item does not exist.", "N F", "Ids must not cross tenants.",
         "another platform's credential is answered", ("other_org", "other_org_admin", "other_user_id"), (RETRIEVE,)),
    Rule("ACCESS-11", "The four schemes, in any case, and the bare key are accepted.", "P G C N", "All of them are in use.",
         "`Bearer` is 401", (), (LIST,)),
    Rule("ACCESS-12", "A user is named by number or by username.", "G C", "Clients do both.", "a username is 404", ("username",), (LIST,)),
    Rule("ACCESS-13", "A refusal tells nothing of what was refused.", "F", "A 403 is no place for names.",
         "the 403 names the credential", ("write", "learner", "other_org_admin"), (RETRIEVE, UPDATE, DELETE)),

    Rule("PROTO-01", "HEAD is GET without a body.", "F", "Caches and monitors use it.", "HEAD is 405", (), (LIST, RETRIEVE, ISSUERS, ISSUER)),
    Rule("PROTO-02", "OPTIONS needs a key and describes the path.", "F", "It is a request like any other.", "OPTIONS is 405", (), (LIST, RETRIEVE, ISSUERS, ISSUER)),
    Rule("PROTO-03", "A collection without its slash is 301 with the query kept; an item with one is 404.", "F N",
         "Old clients leave the slash out.", "the redirect drops the query", (), (LIST, ISSUERS, RETRIEVE)),
    Rule("PROTO-04", "Who does not accept JSON gets 406; `format=json` holds, another format is 404.", "F P",
         "A client must not get what it cannot read.", "`Accept: text/html` is answered with JSON", (), ALL),
    Rule("PROTO-05", "A method that a path does not have is 405 with `Allow`, after the key.", "F",
         "A client learns what it may do.", "it is 404", W, (RETRIEVE,)),
    Rule("PROTO-06", "Of a repeated parameter the last value counts.", "F", "Links add parameters to what is there.",
         "the first one counts", (), (LIST,)),
    Rule("PROTO-07", "JSON with a charset is JSON.", "F", "Many clients send one.", "it is 415", W, (CREATE,)),
    Rule("PROTO-08", "Equal requests get equal answers, every time.", "F", "One bad server of many is seen by somebody.",
         "every 25th request is a 500", (), (LIST, RETRIEVE)),
    Rule("PROTO-09", "Caching headers, where they are sent, tell the truth.", "F", "An ETag that never changes hides every change.",
         "an old ETag is answered with 304 after a change", W, (RETRIEVE, UPDATE)),
    Rule("PROTO-10", "Answers come within the budget of --max-latency.", "option", "Off unless it is set.", "the list takes 3 s", ("max_latency",), (LIST, RETRIEVE)),
    Rule("PROTO-11", "Odd input to a read is an answer like any other.", "F", "What can be typed will be typed.",
         "a search of 5,000 characters is a 500", ("not_production",), (LIST, RETRIEVE, ISSUERS)),
    Rule("PROTO-12", "Odd input to a write is stored as it is, or refused with 400.", "F", "What can be typed will be typed.",
         "half a surrogate pair is a 500", W, (CREATE, UPDATE)),

    Rule("IMAGE-01", "`query` finds exactly the images whose name contains it, in any case, as a bare array.", "N",
         "People pick a picture by its name.", "`query` changes nothing", (), (IMAGES,)),
    Rule("IMAGE-02", "A search without a text, or with an empty one, is 400 on `query`.", "N F", "It is documented as required.",
         "without `query` everything is listed", (), (IMAGES,)),
    Rule("IMAGE-03", "An uploaded picture is found by its name and served byte for byte, with the type of its content.", "N",
         "A name says nothing of a file.", "a PNG that is named `a.svg` is served as SVG", D, (IMAGE_UPLOAD, IMAGES)),
    Rule("IMAGE-04", "No file, a text in its place, and a file that is no picture are 400 on `image`.", "F N", "A broken badge helps nobody.",
         "a text file is stored as an image", D, (IMAGE_UPLOAD,)),
    Rule("IMAGE-05", "A credential shows the images that its ids refer to; an unknown id is 400.", "C F", "The picture is what people see.",
         "the icon's address stays null", D, (IMAGE_UPLOAD, CREATE)),
    Rule("IMAGE-06", "An uploaded SVG is served so that it cannot run scripts.", "choice", "Whoever opens it is logged in.",
         "its scripts run in the service's origin", D, (IMAGE_UPLOAD,)),
    Rule("IMAGE-07", "A learner, another platform's key and nobody upload nothing.", "N F", "Learners do not write.",
         "a learner uploads a picture", ("write", "disposable", "learner", "other_org_admin"), (IMAGE_UPLOAD,)),

    Rule("COURSE-01", "Each course stands once, with exactly the public credentials that the list has for it.", "G",
         "A course's page shows its credentials.", "a credential of two courses stands under one", (), (COURSES, LIST)),
    Rule("COURSE-02", "The page of courses is a page: totals, links, sizes and its end, under `results`.", "G F",
         "A client that follows `next` must see everything.", "`next` repeats the first page", (), (COURSES,)),
    Rule("COURSE-03", "`search` narrows the courses, and in any case of letters alike.", "G", "People type what they remember.",
         "`search` changes nothing", (), (COURSES,)),
    Rule("COURSE-04", "A new credential of a course stands under it, and goes when it is deleted or hidden.", "G",
         "A front end reloads after saving.", "a deleted credential stays", W, (COURSES, CREATE, DELETE)),

    Rule("EXIM-01", "An export holds every credential that the list has for the course, as it is.", "G choice",
         "A backup must be whole.", "the export lacks the metadata", (), (EXPORT, LIST, COURSES)),
    Rule("EXIM-02", "Importing what was exported changes nothing, and is 201.", "G choice", "A restore must not double everything.",
         "each import adds the credentials once more", D, (EXPORT, IMPORT, COURSES)),
    Rule("EXIM-03", "What cannot be imported is told: 207 when it is some, 400 when it is all, and nothing of it is stored.", "G",
         "Half an import must not look like a whole one.", "a refused credential is dropped in silence", D, (IMPORT, COURSES)),
    Rule("EXIM-04", "An unknown course is 404; without a key 401; a learner's 403.", "F choice", "An export holds what is not public.",
         "a learner exports drafts", ("learner",), (EXPORT, COURSES)),

    Rule("PROVIDER-01", "Providers, configurations and mappings are listed; no list is for nobody.", "choice", "Settings pages show them.",
         "the list is answered without a key", (), (PROVIDERS, CONFIGS, MAPPINGS)),
    Rule("PROVIDER-02", "A secret is stored and never shown; sent back masked it stays what it is.", "choice", "Who may read settings may not read keys.",
         "the configuration shows the key that was sent", D, (CONFIGURE, CONFIGS)),
    Rule("PROVIDER-03", "What is said of a credential at a provider is read again, and goes with the credential.", "choice", "Links must lead somewhere.",
         "a second word on the same adds a second mapping", D, (MAP, MAPPINGS)),
    Rule("PROVIDER-04", "An unknown provider or credential is 400 on its field; a learner's write is 403.", "F choice", "A link to nothing is lost in silence otherwise.",
         "an unknown provider is created", ("write", "disposable", "learner"), (CONFIGURE, MAP)),

    Rule("ASSIGN-01", "Who is assigned a credential holds it, until the assignment is deleted.", "G", "That is what assigning means.",
         "the assertion outlives its assignment", D, (ASSIGN_USERS, USER_ASSIGNMENTS, UNASSIGN)),
    Rule("ASSIGN-02", "Of several users each is answered, as a success or as a failure with the reason.", "G", "Somebody must tell those who were missed.",
         "one unknown user fails all", D, (ASSIGN_USERS,)),
    Rule("ASSIGN-03", "An assignment to a group is accepted at once and worked off in the end.", "G", "Groups are large.",
         "the members never get it", D, (ASSIGN_GROUPS, GROUP_ASSIGNMENTS, UNASSIGN)),
    Rule("ASSIGN-04", "`group_id` keeps exactly the assignments to that group.", "G", "A group's page shows what it was given.",
         "`group_id` changes nothing", (), (GROUP_ASSIGNMENTS,)),
    Rule("ASSIGN-05", "The lists are filtered by role: a learner sees a part of what an admin sees, or 403.", "G",
         "What others are given is nobody's business.", "a learner sees everybody's", ("learner", "other_org_admin"), (USER_ASSIGNMENTS, GROUP_ASSIGNMENTS)),
    Rule("ASSIGN-06", "An unknown credential is 400, an unknown assignment 404.", "F choice", "A link to nothing is lost in silence otherwise.",
         "an unknown credential is 200 with nobody assigned", D, (ASSIGN_USERS, ASSIGN_GROUPS, UNASSIGN)),
    Rule("ASSIGN-07", "A learner assigns nothing and deletes no assignment: 403, and nothing changes.", "N", "Learners do not write.",
         "a learner assigns to themselves", ("write", "disposable", "learner"), (ASSIGN_USERS, ASSIGN_GROUPS, UNASSIGN)),

    Rule("STAT-01", "A range has each of its days once, in order, those without any as 0.", "P G",
         "A chart draws what it gets.", "days without any are left out of a range", (), NUMBERS),
    Rule("STAT-02", "Totals are the sums of the days, and changes are against as many days before.", "P choice",
         "A figure above a chart must fit it.", "`total` counts what is outside of the range", (), (ISSUED_BY_DAY, EARNED_BY_DAY)),
    Rule("STAT-03", "What is created counts on its day, and no more once it is deleted.", "G",
         "Numbers must be of what is there.", "the numbers are of yesterday", W, (CREATED_BY_DAY, CREATE, DELETE)),
    Rule("STAT-04", "What is no day, or no department, is 400 on its name.", "P F",
         "A typing mistake must not show as a quiet month.", "a bad date is taken for none", (), NUMBERS),
    Rule("STAT-05", "The numbers of assertions are 403 for a learner.", "G",
         "They are for who runs the platform.", "a learner sees them", ("learner",), (ISSUED_BY_DAY, EARNED_BY_DAY)),
    Rule("ISSUER-01", "`limit` and `offset` cut a window out of the issuers, and its links lead through all of them.", "N F choice",
         "Both ways of paging are documented.", "`offset` is ignored", (), (ISSUERS,)),
    Rule("ISSUER-02", "What an issuer is created with is what item, list and credentials show.", "N", "Nothing that was sent may be lost.",
         "the address of a new issuer is not stored", W, (ISSUER_CREATE, ISSUER, ISSUERS)),
    Rule("ISSUER-03", "A PUT changes the fields that it names, and credentials show it; the answer is an array of one.", "N",
         "Forms send one field.", "a PUT of the name resets the address", W, (ISSUER_UPDATE, ISSUER)),
    Rule("ISSUER-04", "A deleted issuer is gone: from item, list and as the issuer of a new credential.", "N", "Deleting is final.",
         "a deleted issuer stays in the list", W, (ISSUER_DELETE, ISSUER, ISSUERS)),
    Rule("ISSUER-05", "An issuer that a credential names is not deleted, 409, and nothing changes.", "choice",
         "A credential without an issuer is worth nothing.", "the credentials are deleted with it", W, (ISSUER_DELETE,)),
    Rule("ISSUER-06", "A signatory joins what the body names, and shows in the issuer's and the credentials' `signatories`.", "N G",
         "Who signs is printed on the certificate.", "a signatory of one issuer shows in all of them", W, (AUTHORITY,)),
    Rule("ISSUER-07", "A value that a field of an issuer or signatory cannot hold is 400 on that field, and changes nothing.", "F",
         "A form shows the message at its field.", "a signature that is no address is stored", W, (ISSUER_CREATE, ISSUER_UPDATE, AUTHORITY)),
    Rule("ISSUER-08", "The platform's key names one of its issuers; a key of another platform names none.", "N", "Old links hold the key.",
         "the key is 404", (), (ISSUER,)),
    Rule("ISSUER-09", "A learner's and another platform's writes to issuers are 403 and change nothing.", "N", "Who issues is for admins to say.",
         "a learner renames an issuer", ("write", "learner"), (ISSUER_CREATE, ISSUER_UPDATE, ISSUER_DELETE, AUTHORITY)),
    Rule("ISSUER-10", "A department admin does not write issuers.", "choice", "Who issues is for platform admins to say.",
         "a department admin deletes an issuer", ("write", "department_admin"), (ISSUER_CREATE, ISSUER_UPDATE, ISSUER_DELETE, AUTHORITY)),

    Rule("ASSERT-01", "Lists of assertions are bare pages: newest first, each item once, totals and links as the paginator's.", "C P F",
         "A client that follows `next` must see everything.", "an item at each page boundary is on no page", (), (USER_ASSERTIONS, ASSERTIONS)),
    Rule("ASSERT-02", "Revoked and expired assertions are in a user's list on demand only, each for itself.", "P",
         "What no longer holds must not be shown as if it did.", "expired ones are always listed", (), (USER_ASSERTIONS,)),
    Rule("ASSERT-03", "`course` keeps exactly the assertions that were earned with it.", "P", "A course's page shows who passed.",
         "`course` changes nothing", (), (USER_ASSERTIONS,)),
    Rule("ASSERT-04", "A parameter of a user's list that cannot hold its value is 400 with messages at its name.", "P F",
         "A typing mistake must be told.", "`include_revoked=maybe` counts as false", (), (USER_ASSERTIONS,)),
    Rule("ASSERT-05", "What is issued is what item, the user's and the credential's list, and the public look-up show.", "G C",
         "Nothing that was sent may be lost.", "the metadata is not stored", ("write", "username"), (ISSUE, ASSERTION, ASSERTIONS, USER_ASSERTIONS, PUBLIC)),
    Rule("ASSERT-06", "When an assertion expires follows from its credential's `expires`, counted from its issue.", "C",
         "People rely on the date that is printed.", "months are counted as 30 days", ("write", "username"), (ISSUE,)),
    Rule("ASSERT-07", "To revoke needs a reason; a revocation can be taken back; nothing else changes.", "N",
         "Somebody will ask why.", "a revocation without a reason is accepted", ("write", "username"), (ASSERTION_UPDATE, ASSERTION, USER_ASSERTIONS)),
    Rule("ASSERT-08", "A credential with an active assertion is not deleted, 409; a revoked one goes with it.", "G",
         "Whoever earned it keeps it.", "the deletion takes the assertions with it", ("write", "username"), (DELETE, ISSUE, ASSERTION)),
    Rule("ASSERT-09", "Issuing in bulk skips who holds an active assertion, and issues to all others, or to nobody.", "N",
         "A list is uploaded twice.", "the second upload issues everything again", ("write", "username"), (BULK_ISSUE, ASSERTIONS)),
    Rule("ASSERT-10", "The public look-up needs no key, and shows what an admin sees.", "N", "An employer has no account.",
         "it is 401 without a key", (), (PUBLIC,)),
    Rule("ASSERT-11", "The public look-up tells nothing else: of an unknown one nothing, of a revoked one its reason.", "N",
         "It is open to the world.", "a revoked assertion is shown", ("write", "username"), (PUBLIC,)),
    Rule("ASSERT-12", "A learner sees their own assertions only: in lists, by id, of a credential.", "G", "Who failed is nobody's business.",
         "a learner lists what somebody else holds", ("write", "learner", "username", "learner_username"), (USER_ASSERTIONS, ASSERTION, ASSERTIONS)),
    Rule("ASSERT-13", "Whatever is issued, revoked, taken back and deleted in any order, answers are what a plain record would give.", "G N",
         "A front end works on what it wrote.", "a revocation that was taken back skips nobody in bulk", ("write", "username"), (*ISSUES, ASSERTIONS, DELETE)),
    Rule("ASSERT-14", "A bad recipient, user, course or program, or two of the latter, is 400 on its field and issues nothing.", "F choice",
         "Nobody is given what they did not earn.", "an unknown user is created", ("write", "username"), (ISSUE, BULK_ISSUE)),
    Rule("ASSERT-15", "Another platform's assertions do not exist here, and its key is 403.", "N", "Tenants must not see each other.",
         "an id of another platform is answered", ("other_org", "other_org_admin", "other_user_id"), (ASSERTION, USER_ASSERTIONS)),
    Rule("ASSERT-16", "A learner issues and revokes nothing: 403, and nothing changes.", "N", "Learners do not write.",
         "a learner takes their revocation back", ("write", "learner", "username"), ISSUES),
    Rule("ASSERT-17", "Forms issue and revoke what JSON does.", "P F", "Both are in use.",
         "a form's `recipient` is dropped", ("write", "username"), ISSUES),
)  # fmt: skip
RULES: Mapping[str, Rule] = {rule.id: rule for rule in CATALOGUE}


def describe(rule: Rule) -> Iterator[str]:
    """Yield the lines that explain a rule."""
    yield f"{rule.id}: {rule.law}"
    yield f"  why       {rule.why}"
    yield f"  breach    for example: {rule.breach}"
    yield f"  evidence  {rule.evidence}"
    yield f"  needs     {', '.join(rule.needs) or 'a key to read with'}"
    yield f"  subject   {rule.subject}, {'writes' if rule.writes else 'reads only'}"
    yield f"  about     {', '.join(rule.operations)}"
