// The contract as Swagger UI shows it; a try goes to this mock, with a key filled in.

const place = document.querySelector("#docs");
const ui = window.SwaggerUIBundle({
  url: "openapi.json",
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
