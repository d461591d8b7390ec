/**
 * The form for the token. A browser keeps its cookie back where a link of
 * another site leads here, and shows the form though it need not: so the page is
 * asked for once more, by itself.
 */

fetch("session").then((response) => response.json()).then(
  ({ open }: { readonly open: boolean }) => {
    if (open) location.replace(`./${location.hash}`)
  },
  () => undefined
)
