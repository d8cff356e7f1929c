"""The data of a fresh deployment."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils import timezone

from .choices import chosen
from .models import (
    ApiKey,
    Assertion,
    Assignment,
    CatalogItem,
    Course,
    Credential,
    Department,
    ExternalMapping,
    Issuer,
    Membership,
    Pathway,
    Platform,
    Program,
    Provider,
    ProviderConfig,
    Signatory,
    UploadedImage,
    UserGroup,
)

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
SUBJECTS = (
    "Harbour Safety",
    "Tide Tables",
    "Crane Operation",
    "Knots & Splices",
    "Ship's Radio",
    "Élan Naval",
    "Cargo 100%",
    "Pilotage",
    "Weather_Reading",
    "海図の読み方",
)


def make_user(username: str, first: str, last: str, **flags: bool) -> User:
    """Create a user with a key that is named after them."""
    user = User.objects.create(
        username=username,
        first_name=first,
        last_name=last,
        email=f"{username}@example.org",
        **flags,
    )
    ApiKey.objects.create(key=f"{username}-key-4f1d", user=user)
    return user


def make_platform(key: str, org: str, name: str, issuers: tuple[str, ...]) -> Platform:
    """Create a platform with its issuers, the first the default one."""
    platform = Platform.objects.create(key=key, org=org, name=name, is_main=key == "main")
    for position, issuer_name in enumerate(issuers[:1] if chosen("one_issuer") else issuers):
        issuer = Issuer.objects.create(
            platform=platform,
            name=issuer_name,
            url=f"https://{key}.example.org/issuers/{position}",
            icon_image=f"https://{key}.example.org/icon.png" if position % 2 else None,
            allowed_template_tags=["recipient_name"] if position else None,
            is_default=not position,
        )
        if chosen("no_signatories"):
            continue
        Signatory.objects.create(
            issuer=issuer,
            name="Ada Quay",
            title="Harbour Master",
            signature=f"https://{key}.example.org/signature.png",
        )
    return platform


def make_catalogue(platform: Platform, count: int) -> dict[str, list[Any]]:
    """Create courses, programs, pathways and catalog items."""
    found: dict[str, list[Any]] = {"courses": [], "programs": [], "pathways": [], "items": []}
    for number in range(1, count + 1):
        name = f"{platform.org} course {number}"
        course_id = f"course-v1:{platform.org}+{100 + number}+2026"
        found["courses"].append(
            Course.objects.create(platform=platform, course_id=course_id, name=name)
        )
        if number % 2:
            program_id = f"{platform.org}-program-{number}"
            found["programs"].append(
                Program.objects.create(platform=platform, program_id=program_id, name=name)
            )
            pathway_id = f"{platform.org}-pathway-{number}"
            found["pathways"].append(
                Pathway.objects.create(platform=platform, pathway_id=pathway_id, name=name)
            )
            item_id = f"{platform.org}-item-{number}"
            found["items"].append(CatalogItem.objects.create(platform=platform, item_id=item_id))
    return found


def make_credential(platform: Platform, number: int, catalogue: dict[str, list[Any]]) -> Credential:
    """Create a credential; what it has depends on its number."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    issuers = list(platform.issuers.order_by("pk"))
    credential = Credential.objects.create(
        platform=platform,
        issuer=issuers[number % len(issuers)],
        name=f"{subject} {number}",
        name_override=f"{subject}, advanced" if number % 7 == 0 else None,
        description=None if number % 5 == 0 else f"What one learns of {subject.lower()}.",
        criteria_url=f"https://{platform.key}.example.org/{number}" if number % 3 else None,
        criteria_narrative=None if number % 4 else "Pass the examination in the harbour.",
        credential_type=("CERTIFICATE", "MICRO_CREDENTIAL", "COURSE_CERTIFICATE")[number % 3],
        signal=("COURSE_PASSED", "COURSE_COMPLETED")[number % 2],
        html_template="<h1>{{ name }}</h1>" if number % 6 == 0 else None,
        metadata={"level": number, "reviewed": True} if number % 2 else None,
        tags=None if number % 9 == 0 else ["harbour", subject.split()[0].lower()][: number % 3],
        expires_amount=None if number % 3 else 6,
        expires_duration=None if number % 3 else "months",
        icon_image_url=f"https://{platform.key}.example.org/media/uploaded_images/{number}.png",
        public=number % 8 != 3,
        created_at=timezone.now()
        - timedelta(days=max(200 - 3 * number, 1), seconds=37 * (3000 - number)),
    )
    for relation, kind in (
        ("courses", "courses"),
        ("programs", "programs"),
        ("pathways", "pathways"),
        ("catalog_items", "items"),
    ):
        every = {"courses": 2, "programs": 3, "pathways": 5, "catalog_items": 7}[relation]
        if number % every == 0:
            choice = catalogue[kind]
            getattr(credential, relation).add(choice[number % len(choice)])
            getattr(credential, relation).add(choice[number // 2 % len(choice)])
    return credential


def make_assertions(platform: Platform, people: list[User], admin: User) -> None:
    """Issue some credentials: active, revoked and expired ones."""
    for position, credential in enumerate(platform.credentials.order_by("pk")[:24]):
        issued = datetime.now(UTC) - timedelta(days=5 * position, seconds=11 * position)
        assertion = Assertion.objects.create(
            credential=credential,
            recipient=people[position // 2 % len(people)],
            course=credential.courses.first(),
            program=credential.programs.first(),
            issued_on=issued,
            expires=credential.expiry(issued),
            narrative="Awarded on the quay." if position % 3 else None,
            metadata={"grade": position} if position % 2 else None,
            acceptance=Assertion.Acceptance.values[position % 3],
        )
        if position % 6 == 1:
            assertion.revoked, assertion.revocation_reason = True, "Issued by mistake"
        if position % 6 == 2:
            assertion.expires = issued - timedelta(days=-1)
            assertion.issued_on = issued - timedelta(days=30)
            assertion.expires = datetime.now(UTC) - timedelta(days=position)
        assertion.save()
    for credential in platform.credentials.filter(public=True).order_by("-pk")[:3]:
        for person in people[:2]:
            assignment = Assignment.objects.create(
                platform=platform, credential=credential, user=person, assigned_by=admin
            )
            Assertion.objects.create(
                credential=credential,
                recipient=person,
                assignment=assignment,
                metadata={
                    "org_id": platform.org,
                    "assigned_at": assignment.assigned_at.isoformat(),
                    "assigned_by": admin.username,
                    "assigned_by_id": admin.pk,
                    "assignment_id": assignment.entity_id,
                    "issuance_type": "manual",
                },
            )


def seed() -> None:
    """Fill an empty database."""
    make_user("ibl-admin", "Service", "User", is_superuser=True, is_staff=True)
    main = make_platform("main", "main", "Main", ("Main Office",))
    harbour = make_platform(
        "harbour",
        "HarbourU",
        "Harbour University",
        ("Harbour University", "Nautical Institute", "Dockers' Guild"),
    )
    inland = make_platform("inland", "InlandU", "Inland College", ("Inland College",))
    people = {
        "berth": make_user("berth", "Bea", "Berth"),
        "lena": make_user("lena", "Lena", "Learner"),
        "dora": make_user("dora", "Dora", "Department"),
        "paul": make_user("paul", "Paul", "Pupil"),
    }
    inna = make_user("inna", "Inna", "Inland")
    make_user("gone", "Gone", "Away", is_active=False)
    for user in people.values():
        Membership.objects.create(platform=harbour, user=user, is_admin=user.username == "berth")
    Membership.objects.create(platform=inland, user=inna, is_admin=True)
    department = Department.objects.create(platform=harbour, name="Navigation")
    department.members.add(people["lena"])
    department.admins.add(people["dora"])
    group = UserGroup.objects.create(platform=harbour, name="First mates", department=department)
    group.members.add(people["lena"], people["paul"])
    for platform, count in ((harbour, 44), (inland, 12), (main, 4)):
        catalogue = make_catalogue(platform, 8 if platform is harbour else 3)
        if chosen("no_credentials"):
            continue
        if chosen("many_credentials") and platform is harbour:
            count = 2000
        for number in range(1, count + 1):
            make_credential(platform, number, catalogue)
    learners = [people["lena"], people["paul"], people["dora"], people["berth"]]
    make_assertions(harbour, learners, people["berth"])
    make_assertions(inland, [inna], inna)
    make_assertions(main, learners[:1] + learners[3:], people["berth"])
    if chosen("ties"):
        Credential.objects.update(created_at=timezone.now() - timedelta(days=3))
    given = harbour.credentials.filter(public=True).first()
    if given is None:
        return
    Assignment.objects.create(
        platform=harbour, credential=given, group=group, assigned_by=people["berth"]
    )
    for name in ("Harbour logo", "Anchor", "Inland logo"):
        owner = inland if name.startswith("Inland") else harbour
        picture = UploadedImage(platform=owner, name=name)
        picture.image.save(f"{name.lower().replace(' ', '-')}.png", ContentFile(PIXEL))
    for name, enabled in (("accredible", True), ("credly", True), ("badgr", False)):
        provider = Provider.objects.create(
            name=name, display_name=name.title(), description=f"{name} badges", enabled=enabled
        )
        if name == "credly":
            ProviderConfig.objects.create(
                platform=harbour, provider=provider, config={"credly_api_key": "abcdef"}
            )
            ExternalMapping.objects.create(
                platform=harbour,
                provider=provider,
                credential=harbour.credentials.order_by("pk")[0],
                external_template_id="T-1",
            )
