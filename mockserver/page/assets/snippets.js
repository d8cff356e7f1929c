// How to use this very mock and sandbox from other programs.

export function listSnippets({ origin, root, user, auth, sandbox }) {
  const base = `${origin}${root}`;
  const path = `/api/credentials/orgs/${user.platform}/users/${user.id}/`;
  const key = auth === "off" ? "" : (user.key ?? "any");
  const header = `Api-Key ${key}`;
  const headersOf = (quote) => (key ? `, {\n  headers: { Authorization: ${quote}${header}${quote} },\n}` : "");
  return [
    {
      name: "curl", language: "sh",
      text: `curl ${key ? `-H 'Authorization: ${header}' ` : ""}'${base}${path}'`,
    },
    {
      name: "fetch", language: "js",
      text: `const response = await fetch("${base}${path}"${headersOf('"')});\nconst { result } = await response.json();\nconsole.log(result.count, result.data);`,
    },
    {
      name: "axios", language: "js",
      text: `import axios from "axios";\n\nconst credentials = axios.create({\n  baseURL: "${base}/api/credentials/orgs/${user.platform}/users/${user.id}",${key ? `\n  headers: { Authorization: "${header}" },` : ""}\n});\nconst { data } = await credentials.get("/");`,
    },
    {
      name: "Vite proxy", language: "js",
      text: `// vite.config.js\nimport { defineConfig } from "vite";\n\nexport default defineConfig({\n  server: {\n    proxy: {\n      "/api/credentials": {\n        target: "${origin}",\n        changeOrigin: true,${root ? `\n        rewrite: (path) => "${root}" + path,` : ""}\n      },\n    },\n  },\n});`,
    },
    {
      name: "Playwright", language: "ts",
      text: `import { expect, test } from "@playwright/test";\n\nconst mock = "${origin}";\n\n// Each test has a sandbox of its own, so that tests can run in parallel.\ntest("an empty list", async ({ page, request }, { testId }) => {\n  const sandbox = \`\${mock}/__sandbox__/\${testId}\`;\n  await request.post(\`\${sandbox}/__mock__/scenario\`, { data: { name: "empty" } });\n  await page.goto(\`/?api=\${sandbox}\`);\n  await expect(page.getByText("No credentials")).toBeVisible();\n});`,
    },
    {
      name: "pytest", language: "python",
      text: `# pip install credmock: the fixtures come with it; each test has a sandbox of its own\nimport requests\n\n\ndef test_list(mock_sandbox):\n    response = requests.get(\n        f"{mock_sandbox.base_url}${path}",\n        headers={"Authorization": "${header}"},\n        timeout=5,\n    )\n    assert response.json()["result"]["count"] > 0`,
    },
    {
      name: "credmock ctl", language: "sh",
      text: `credmock ctl --url ${origin} --sandbox ${sandbox} scenario empty\ncredmock ctl --url ${origin} --sandbox ${sandbox} fault '{"method": "POST", "nth": 3, "status": 503}'`,
    },
  ];
}
