// Renders /openapi.json with Swagger UI, dark where the reader's system is. Nothing is fetched from anywhere else.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    domNode: document.getElementById("docs"),
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    tryItOutEnabled: true,
    // The default would show the description to a server of the viewer's makers.
    validatorUrl: null,
  });
});
