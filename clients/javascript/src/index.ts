export * from "./sandbox.js";
export { DoesNotStart, type MockServer, type MockServerOptions, startMock } from "./server.js";
