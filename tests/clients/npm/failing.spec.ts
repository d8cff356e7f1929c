import { expect, test } from "credmock/playwright";

test("fails with the nearest request", async ({ mockSandbox }) => {
  await fetch(`${mockSandbox.baseUrl}/api/credentials/orgs/main/users/1/x`, { method: "PUT", body: '{"name": "Date"}' });
  await expect(mockSandbox).toHaveReceived({ method: "PUT", body: { name: "Data" } }, { timeout: 100 });
});
