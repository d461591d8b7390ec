/**
 * The two documents: what else is to be seen is made by the page's script. They
 * have nothing in them that comes from anybody, and all addresses are relative,
 * so that a reverse proxy may put them in a folder.
 */

const document = (title: string, script: string, body: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="assets/page.css">
<script type="module" src="assets/${script}"></script>
</head>
<body>
${body}
</body>
</html>
`

/** The page. */
export const page = document(
  "holdfast",
  "page.js",
  "<noscript><p>This page needs JavaScript. What it shows is at <a href=\"api/connections\">api/connections</a>, " +
    "too.</p></noscript>"
)

/** The form that asks for the token; with a sentence about the last try, where there was one. */
export const login = (problem?: string): string =>
  document(
    "holdfast: token",
    "login.js",
    `<main class="login">
<form method="post" action="login">
<h1>holdfast</h1>
<p>This page asks for the token that <code>holdfast run</code> was given.</p>
${problem === undefined ? "" : `<p class="problem" role="alert">${problem}</p>\n`}<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Open</button>
</form>
</main>`
  )
