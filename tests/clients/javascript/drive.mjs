// Drives each method of the vendor's client for credentials against the address of the first
// argument, and writes one line of JSON for each: its name, whether it resolved, and with what.

import { ApiError, CredentialsService, OpenAPI } from "@iblai/iblai-api";

const [base] = process.argv.slice(2);
OpenAPI.BASE = base;
OpenAPI.TOKEN = "ibl-admin-key"; // sent as a Bearer token, as the vendor's scripts do

const here = { org: "main", userId: "1" };
const course = "course-v1:main+PY101+2026";
const driven = new Set();

async function drive(method, options) {
  driven.add(method);
  let line;
  try {
    const value = await CredentialsService[method]({ ...here, ...options });
    line = { method, resolved: true, value: value ?? null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    line = { method, resolved: false, status: error.status, value: error.body ?? null };
  }
  console.log(JSON.stringify(line));
  return line.value;
}

// Issuers
const issuers = await drive("credentialsOrgsUsersIssuersRetrieve", { q: "" });
const issuer = issuers.result.data[0];
const made = await drive("credentialsOrgsUsersIssuersCreate", {
  q: "",
  requestBody: { name: "Made by the client" },
});
await drive("credentialsOrgsUsersIssuersRetrieve2", { entityId: made.result.entityId });
await drive("credentialsOrgsUsersIssuersUpdate", {
  entityId: made.result.entityId,
  requestBody: { name: "Renamed by the client" },
});
await drive("credentialsOrgsUsersIssuersAuthorityCreate", {
  requestBody: { name: "Nia", title: "Dean", signature: "https://example.com/nia.png" },
});
await drive("credentialsOrgsUsersIssuersDestroy", { entityId: made.result.entityId });

// Credentials, with the body that the front end sends
await drive("credentialsOrgsUsersRetrieve", {});
const created = await drive("credentialsOrgsUsersCreate", {
  requestBody: {
    name: "From the client",
    issuer: issuer.entityId,
    credentialType: "CERTIFICATE",
    issuing_signal: "COURSE_COMPLETED",
    courses: [course],
  },
});
const entityId = created.result.entityId;
await drive("credentialsOrgsUsersRetrieve2", { entityId });
await drive("credentialsOrgsUsersUpdate", {
  entityId,
  requestBody: { name: "Changed by the client", issuer: issuer.entityId, courses: [course] },
});

// Assertions
const issued = await drive("credentialsOrgsUsersAssertionsCreate", {
  entityId,
  requestBody: { recipient: { identity: "learner" }, course },
});
await drive("credentialsOrgsUsersAssertionsBulkCreate", {
  entityId,
  requestBody: { users: ["learner", "admin"], course },
});
await drive("credentialsOrgsUsersAssertionsRetrieve", {
  userId: "learner",
  includeExpired: true,
  includeRevoked: true,
  excludeMainTenantAssertions: false,
  page: 1,
  pageSize: 5,
});
await drive("credentialsOrgsUsersAssertionsRetrieve2", { entityId: issued.entityId });
await drive("credentialsOrgsUsersAssertionsRetrieve3", { entityId });
await drive("credentialsPublicAssertionsRetrieve", { entityId: issued.entityId });
await drive("credentialsOrgsUsersAssertionsUpdate", {
  entityId: issued.entityId,
  requestBody: { revoked: true, revocationReason: "By mistake" },
});

// Assignments, whose methods have no body and no parameters
await drive("credentialsOrgsUsersAssignmentsUsersRetrieve", {});
await drive("credentialsOrgsUsersAssignmentsUsersCreate", {});
await drive("credentialsOrgsUsersAssignmentsGroupsRetrieve", {});
await drive("credentialsOrgsUsersAssignmentsGroupsCreate", {});
const assignments = await CredentialsService.credentialsOrgsUsersAssignmentsUsersRetrieve(here);
await drive("credentialsOrgsUsersAssignmentsDestroy", {
  assignmentId: assignments.result.data[0].id,
});

// Images: the query is not a parameter of the method, and a file is no field of its model
await drive("credentialsOrgsUsersImagesRetrieve", {});
await drive("credentialsOrgsUsersImagesCreate", { requestBody: { name: "badge" } });

// Courses, export and import
await drive("credentialsOrgsUsersCourseCredentialsList", { page: 1, pageSize: 2 });
await drive("credentialsEximCredentialsCourseExportRetrieve", { courseId: course });
await drive("credentialsEximCredentialsCourseImportCreate", { courseId: course });

// Analytics, with what the client sends by itself
const range = { format: "json", includeMainPlatform: true, startDate: "2026-01-01", endDate: "2026-03-31" };
await drive("credentialsOrgsUsersAssertionsOverTimeRetrieve", range);
await drive("credentialsOrgsUsersCourseAssertionsOverTimeRetrieve", range);
await drive("credentialsOrgsUsersCredentialsOverTimeRetrieve", range);

// What is left of the run
await CredentialsService.credentialsOrgsUsersAssertionsRetrieve3({ ...here, entityId });
for (const assertion of (
  await CredentialsService.credentialsOrgsUsersAssertionsRetrieve3({ ...here, entityId })
).data) {
  await CredentialsService.credentialsOrgsUsersAssertionsUpdate({
    ...here,
    entityId: assertion.entityId,
    requestBody: { revoked: true, revocationReason: "The run is over" },
  });
}
await drive("credentialsOrgsUsersDestroy", { entityId });

const methods = Object.getOwnPropertyNames(CredentialsService).filter(
  (name) => typeof CredentialsService[name] === "function",
);
console.log(JSON.stringify({ methods: methods.length, left: methods.filter((m) => !driven.has(m)) }));
