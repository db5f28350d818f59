import type { Plugin, ProxyOptions } from 'vite'

/** What the development server learns by walking through the one-time launch address. */
interface Entry {
  origin: string
  cookie: string
  token: string
}

/**
 * `build/ecms.py dev` starts the workstation and gives its one-time address in ECMS_LAUNCH_URL.
 * This plugin opens that address itself, keeps cookie and page token, writes the token into the page that Vite serves,
 * and sends /api on with the Host and Origin which the workstation's guard expects.
 */
export function launch(address: string): Plugin {
  const origin = new URL(address).origin
  let entry: Promise<Entry> | null = null
  const enter = (): Promise<Entry> => (entry ??= walkIn(address))
  const proxy: ProxyOptions = {
    target: origin,
    changeOrigin: true,
    configure(server) {
      let cookie = ''
      void enter().then((e) => (cookie = e.cookie))
      server.on('proxyReq', (request) => {
        request.setHeader('origin', origin)
        request.setHeader('cookie', cookie)
        request.removeHeader('sec-fetch-site')
      })
    },
  }
  return {
    name: 'ecms-launch',
    async config() {
      await enter()
      return { server: { proxy: { '/api': proxy } } }
    },
    async transformIndexHtml(html) {
      const { token } = await enter()
      return withToken(html, token)
    },
  }
}

/** Writes the token where the server's own page has it. */
export function withToken(html: string, token: string): string {
  const meta = `<meta name="ecms-token" content="${token}">`
  return /<meta name="ecms-token"[^>]*>/.test(html)
    ? html.replace(/<meta name="ecms-token"[^>]*>/, meta)
    : html.replace('<head>', `<head>${meta}`)
}

async function walkIn(address: string): Promise<Entry> {
  const origin = new URL(address).origin
  let url = address
  const jar = new Map<string, string>()
  for (let hop = 0; hop < 5; hop++) {
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie: cookies(jar) } })
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    const next = answer.headers.get('location')
    if (!next) {
      const token = /name="ecms-token"\s+content="([^"]*)"/.exec(await answer.text())?.[1]
      if (!token) throw new Error(`${origin} answered ${answer.status} without an ecms-token: is ECMS_LAUNCH_URL already used?`)
      return { origin, cookie: cookies(jar), token }
    }
    url = new URL(next, url).href
  }
  throw new Error(`${address} keeps redirecting`)
}

function cookies(jar: Map<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}
