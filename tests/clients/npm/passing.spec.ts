import { expect, test } from "credmock/playwright";

test.beforeEach(async ({ page }) => {
  await page.route("http://app.test/", (route) => route.fulfill({ path: "app.html" }));
  await page.goto("http://app.test/");
});

for (const number of [1, 2]) {
  test(`each test has a sandbox of its own, ${number}`, async ({ page, mockSandbox }) => {
    await page.getByRole("button").click();
    const body = { name: "Renamed", tags: ["new"] };
    await expect(mockSandbox).toHaveReceived({ method: "PUT", path: "*/orgs/main/users/1/*", body }, { times: 1 });
    await expect(mockSandbox).toHaveReceivedInOrder([{ method: "GET", query: { page_size: 1 } }, { method: "PUT" }]);
    await expect(mockSandbox).not.toHaveReceived({ method: "DELETE" });
    await expect(page.getByRole("status")).toHaveText("Renamed");
    expect(await mockSandbox.count()).toBe(2);
    const page1 = await fetch(`${mockSandbox.baseUrl}/api/credentials/orgs/main/users/1/?search=renamed`, {
      headers: { Authorization: "Api-Key main-admin-key" },
    });
    expect(((await page1.json()) as { result: { count: number } }).result.count).toBe(1);
  });
}

test("a fault is seen by the application", async ({ page, mockSandbox }) => {
  await mockSandbox.fault({ method: "PUT", status: 503 });
  await page.getByRole("button").click();
  await expect(page.getByRole("status")).toHaveText("503");
  await expect(mockSandbox).toHaveReceived({ method: "PUT", status: 503, body: { name: "Renamed" } });
});

test.describe("another address", () => {
  test.use({ mockApiUrl: "https://api.example.com/dm" });

  test("is answered by the sandbox", async ({ page, mockSandbox }) => {
    const status = await page.evaluate(async () => {
      const url = "https://api.example.com/dm/api/credentials/orgs/main/users/1/?search=a";
      return (await fetch(url, { headers: { Authorization: "Api-Key main-admin-key" } })).status;
    });
    expect(status).toBe(200);
    await expect(mockSandbox).toHaveReceived({ query: { search: "a" } });
  });
});
