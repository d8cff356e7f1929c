"""Hints at paths: below another prefix, without their slash, misspelled, of a later release."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from mockserver.config import Release
from mockserver.contract.contract import Contract
from mockserver.contract.operation import Resource
from mockserver.hints.served import ServedRequest
from mockserver.hints.wording import quote, quote_address
from mockserver.sandbox.registry import SANDBOX_IN_PATH

API = "/api/credentials/"
BRACES = re.compile(r"\{\w+\}")
SLASHES = re.compile("/{2,}")
PLACEHOLDER = re.compile(
    r"undefined|null|NaN|None|%5Bobject%20Object%5D"
    r"|(?:%7B|\$%7B|:|%3C).*",
    re.IGNORECASE,
)
"""A step of a path that a program meant to fill in."""
LONGEST_STEP = 200
NEAR = 0.75
"""How like each other two words are of which one may be misspelled."""


class Routes:
    """The paths of a contract; a step in braces takes any text."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        by_literals = sorted(resources, key=lambda resource: resource.path.count("{"))
        self._resources = [
            (re.compile(BRACES.sub("[^/]+", resource.path)), resource) for resource in by_literals
        ]

    def find(self, path: str) -> Resource | None:
        """Return the resource that a path has."""
        return next((r for pattern, r in self._resources if pattern.fullmatch(path)), None)

    def find_near(self, path: str) -> str | None:
        """Return a path that differs in its last slash, or in one word of the contract."""
        steps = path.strip("/").split("/")
        if any(len(step) > LONGEST_STEP for step in steps):  # to compare it would take long
            return None
        found: list[tuple[int, float, str]] = []
        for _, resource in self._resources:
            template = resource.path.strip("/").split("/")
            if len(template) != len(steps):
                continue
            words = [(t, s) for t, s in zip(template, steps, strict=True) if t[0] != "{"]
            wrong = [(t, s) for t, s in words if t != s]
            likeness = min(
                (SequenceMatcher(None, t, s.lower()).ratio() for t, s in wrong), default=1
            )
            if len(wrong) > 1 or likeness < NEAR:
                continue
            pairs = zip(template, steps, strict=True)
            corrected = "/".join(s if t[0] == "{" else t for t, s in pairs)
            ending = "/" if resource.path.endswith("/") else ""
            found.append((len(words), likeness, f"/{corrected}{ending}"))
        return max(found)[2] if found else None


class PathHints:
    """Says why a path has no operation, and what it leads to without its slash."""

    def __init__(self, contract: Contract, whole: Contract, release: Release, prefix: str) -> None:
        self._routes, self._all_routes = Routes(contract.resources), Routes(whole.resources)
        self._release, self._prefix = release, prefix

    def find_hints(self, served: ServedRequest) -> Iterator[str]:
        """Yield hints at the path of a request that was not a success."""
        if served.is_unrouted:
            yield self._explain_unrouted(served)
        elif served.status == 301 and not served.is_safe:
            if self._routes.find(f"{served.path}/"):
                most = "most" if served.method == "POST" else "some"
                meant = quote_address(f"{served.root}{served.path}/")
                lacks = "the path lacks its last slash"
                yield f"{lacks}: {most} clients follow this 301 with a GET; ask for {meant}"
        elif served.status in (404, 405):
            yield from self._explain_item(served)
            if served.status == 405 and served.operation is None:
                yield from self._explain_method(served)
        if served.status >= 400:
            steps = served.path.split("/")
            step = next((step for step in steps if PLACEHOLDER.fullmatch(step)), None)
            if step is not None:
                yield f"the path has {quote(step)} where the application meant to put a value"

    def _explain_item(self, served: ServedRequest) -> Iterator[str]:
        """Yield that what was read as the id of an item is the name of a collection."""
        resource, near = self._routes.find(served.path), self._routes.find_near(served.path)
        if resource is None or near is None or near == served.path:
            return
        step, meant = served.path.rpartition("/")[2], quote_address(served.root + near)
        if near == f"{served.path}/":
            lacks = f"the path lacks its last slash, so {quote(step)} is read as an id"
            yield f"{lacks}: ask for {meant}"
        elif self._routes.find(near) is not resource:
            yield f"{quote(step)} is read as an id; did you mean {meant}?"

    def _explain_method(self, served: ServedRequest) -> Iterator[str]:
        resource = self._all_routes.find(served.path)
        if resource is None:
            return
        later = resource.operations.get(served.method)
        if later:
            yield self._describe_release(later.since, f"{served.method} on this path")
        elif served.method == "PATCH" and "PUT" in resource.operations:
            yield "send PUT, which changes only the fields that are sent"

    def _describe_release(self, since: Release, what: str) -> str:
        return (
            f"{what} is there from release {since} on, and this mock serves release "
            f"{self._release}: start it with `--api-version {since}`"
        )

    def _explain_unrouted(self, served: ServedRequest) -> str:
        """Return why no rule has a path: the first reason that is certain."""
        path = SLASHES.sub("/", served.path)
        before, found, rest = path.partition(API)
        rest, has_slashes = found + rest, path != served.path
        if not found:
            return self._explain_other(served, path)
        if has_slashes and self._is_inside(served, before):
            if self._routes.find(rest) is None:
                return "the path has `//` where the application meant to put a value"
            meant = quote_address(f"{served.root}{before}{rest}")
            return f"the path has `//` where one slash is meant: ask for {meant}"
        if before or served.is_outside:
            return self._explain_prefix(served, before, rest)
        later = None if self._routes.find(rest) else self._all_routes.find(rest)
        if later:
            since = min((o.since for o in later.operations.values()), key=_release_key)
            return self._describe_release(since, "this path")
        near = self._routes.find_near(rest)
        if near and rest == f"{near}/":
            meant = quote_address(served.root + near)
            return f"the path of an item has no slash at its end: ask for {meant}"
        return self._explain_other(served, path)

    def _is_inside(self, served: ServedRequest, before: str) -> bool:
        """Tell whether what stands before the API is what the mock serves below."""
        return before == (self._prefix if served.is_outside else "")

    def _explain_prefix(self, served: ServedRequest, before: str, rest: str) -> str:
        """Return what should stand before the API in a path, in the place of what does."""
        sandbox = SANDBOX_IN_PATH.search(before)
        name = f"/__sandbox__/{sandbox[1]}" if sandbox else ""
        wrong = SANDBOX_IN_PATH.sub("", before, 1)
        prefix = self._prefix if served.is_outside else ""
        meant = quote_address(f"{served.root}{name}{prefix}{rest}")
        if "__sandbox__" in wrong or (name and "__sandbox__" in served.root):
            return f"the path names two sandboxes: ask for {quote_address(served.root + rest)}"
        if wrong == "/api":
            return f"the path has `/api` twice: ask for {meant}"
        if not self._prefix:
            return (
                f"this mock has no prefix {quote(wrong)}: ask for {meant}, "
                f"or start it with `--prefix {wrong}`"
            )
        if wrong == self._prefix:
            return f"the path has the prefix {quote(wrong)} twice: ask for {meant}"
        instead = f", not below {quote(wrong)}" if wrong else ""
        return f"this mock serves below {quote(self._prefix)}{instead}: ask for {meant}"

    def _explain_other(self, served: ServedRequest, path: str) -> str:
        """Return what to do where a path is none of this API."""
        root = served.root + (self._prefix if served.is_outside else "")
        bare = path.removeprefix(self._prefix)
        if self._routes.find(f"/api{bare}"):
            return f"the path lacks `/api`: ask for {quote_address(f'{root}/api{bare}')}"
        if path.startswith("/__sandbox__"):
            return "the name of a sandbox is missing: ask for `/__sandbox__/NAME/`"
        everything = f"all are listed at {quote_address(f'{served.root}/__mock__/docs')}"
        near = None if served.is_outside else self._routes.find_near(path)
        if near:
            return f"no operation has this path; did you mean {quote_address(served.root + near)}?"
        if "/api/" in path and API not in path:
            return f"this mock serves the credentials API only, below `{root}{API}`; {everything}"
        return f"no operation of release {self._release} has this path; {everything}"


def _release_key(release: Release) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))
