// How a measurement steers the server, beside its connections.
//
// Loaded when it is used: node:http is part of what an import costs.

export const control = async (port: number, path: string): Promise<Record<string, number>> => {
  const { get } = await import("node:http")
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      let body = ""
      response.setEncoding("utf8")
      response.on("data", (chunk: string) => {
        body += chunk
      })
      response.on("end", () => resolve(JSON.parse(body) as Record<string, number>))
    }).on("error", reject)
  })
}
