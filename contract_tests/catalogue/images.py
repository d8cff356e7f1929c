"""Rules on images."""

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    SEARCH_IMAGES,
    UPLOAD_IMAGE,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="IMAGE-01",
        subject="images",
        requirement=(
            "`query` finds exactly the images whose name contains the text, ignoring case, and "
            "returns an array without an envelope."
        ),
        evidence=("N",),
        why="Users select an image by name.",
        failure="`query` has no effect",
        operations=(SEARCH_IMAGES,),
        tests=("test_images",),
    ),
    Rule(
        id="IMAGE-02",
        subject="images",
        requirement="A search without `query` returns 400.",
        evidence=("N",),
        why="The parameter is documented as required.",
        failure="without `query` all images are listed",
        operations=(SEARCH_IMAGES,),
        tests=("test_images",),
    ),
    Rule(
        id="IMAGE-03",
        subject="images",
        requirement=(
            "An uploaded image is found by its name and served, byte for byte or encoded anew, "
            "with the type of its content."
        ),
        evidence=("N",),
        why="A file name says nothing about the content.",
        failure="a PNG named `a.svg` is served as SVG",
        needs=("write", "disposable"),
        operations=(UPLOAD_IMAGE, SEARCH_IMAGES),
        tests=("test_images",),
    ),
    Rule(
        id="IMAGE-04",
        subject="images",
        requirement=(
            "A missing file, text instead of a file, and a file that is not an image return 400"
            " on `image`."
        ),
        evidence=("N",),
        why="A broken badge is useless.",
        failure="a text file is stored as an image",
        needs=("write", "disposable"),
        operations=(UPLOAD_IMAGE,),
        tests=("test_images",),
    ),
    Rule(
        id="IMAGE-05",
        subject="images",
        requirement="A credential shows the images that its image ids refer to.",
        evidence=("C",),
        why="Users see the image.",
        failure="the URL of the icon stays null",
        needs=("write", "disposable"),
        operations=(UPLOAD_IMAGE, CREATE_CREDENTIAL),
        tests=("test_images",),
    ),
    Rule(
        id="IMAGE-06",
        subject="images",
        requirement="An uploaded SVG is served so that it cannot run scripts.",
        evidence=("choice",),
        why="The user who opens it is logged in.",
        failure="its scripts run in the origin of the service",
        needs=("write", "disposable"),
        operations=(UPLOAD_IMAGE,),
        tests=("test_images",),
    ),
    Rule(
        id="IMAGE-07",
        subject="images",
        requirement=(
            "A learner below an admin's path, a key of another platform and a request without a "
            "key cannot upload."
        ),
        evidence=("N",),
        why="Learners have no write access.",
        failure="a learner uploads an image",
        needs=("write", "disposable", "learner", "other_org_admin"),
        operations=(UPLOAD_IMAGE,),
        tests=("test_images",),
    ),
)
