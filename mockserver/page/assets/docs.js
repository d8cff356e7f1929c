// The contract as Swagger UI shows it; a try goes to this mock, with a key filled in.

const place = document.querySelector("#docs");
const contract = await (await fetch("openapi.json")).json();
// Swagger UI warns of any dialect that is named, though it is the one that the default extends.
delete contract.jsonSchemaDialect;
const ui = window.SwaggerUIBundle({
  spec: contract,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  // The validator's badge would be asked of another server.
  validatorUrl: null,
  onComplete: () => {
    if (place.dataset.key) ui.preauthorizeApiKey("PlatformApiKeyAuthentication", place.dataset.key);
    place.dataset.ready = "";
  },
});
