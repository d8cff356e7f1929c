import { defineConfig } from "@playwright/test";

const executablePath = process.env["CHROMIUM"];

export default defineConfig({
  testMatch: "*.spec.ts",
  workers: 1,
  use: { browserName: "chromium", launchOptions: { ...(executablePath ? { executablePath } : {}), args: ["--no-sandbox"] } },
});
