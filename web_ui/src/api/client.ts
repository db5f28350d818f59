import { t } from '@/locale'
import type { ListQuery, Problem } from './types'

/** Every refusal of the server, and every failure to reach it, as one error with the words to show. */
export class ApiError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail ? `${problem.title}：${problem.detail}` : problem.title)
    this.name = 'ApiError'
    this.problem = problem
  }
  get code(): string { return this.problem.code }
  get status(): number { return this.problem.status }
  get fields(): Record<string, string> { return this.problem.fields ?? {} }
}

export type Query = Record<string, string | number | boolean | object | null | undefined>

export interface CallOptions {
  /** One key per thing the user did. Pass the same key when the user tries the same thing again. */
  key?: string
  /** the row's version this change was made from */
  rev?: number
  signal?: AbortSignal
}

/** Told about things that concern the whole window, not one call. */
export interface ClientWatcher {
  signedOut(): void
  /** the session is another than this window shows: somebody else signed in, or a password must be changed first */
  otherSession(): void
  reachable(is: boolean): void
}
const watchers = new Set<ClientWatcher>()
export function watchClient(watcher: ClientWatcher): () => void {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

const OTHER_SESSION = ['other-operator', 'must-change-password']
/** Whom this window shows as signed in. Every call names him: windows share one session, and nothing that was typed
    as one may be saved as another. */
let operator: string | null = null
export function actAs(id: string | null): void {
  operator = id
}

/** waits before the 2nd and 3rd try of a call that did not reach the server */
const RETRY_WAITS_MS = [250, 900]

export function pageToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="ecms-token"]')?.content ?? ''
}

export function newKey(): string {
  return crypto.randomUUID()
}

/** Query string; objects (a filter) travel as JSON, empty values are left out. */
export function toQuery(query: Query | ListQuery | undefined): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === '') continue
    params.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
  const text = params.toString()
  return text && `?${text}`
}

export function unreachable(): Problem {
  return { type: 'about:blank', code: 'unreachable', status: 0, title: t('程序的后台没有回应'), detail: t('录入的内容还在。稍等几秒再试；一直不行就重新打开程序。') }
}

async function problemOf(answer: Response): Promise<Problem> {
  const fallback: Problem = { type: 'about:blank', code: `http-${answer.status}`, status: answer.status, title: t('没有完成，程序出了问题'), detail: t('已录入的数据不受影响。可以复制详情发给管理员。') }
  try {
    const body = (await answer.json()) as Partial<Problem> | null
    return body && typeof body.title === 'string' ? { ...fallback, detail: undefined, ...body, status: body.status ?? answer.status } : fallback
  } catch {
    return fallback
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason as Error) }, { once: true })
  })
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

async function call(method: string, path: string, body: unknown, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { 'X-ECMS-Token': pageToken(), Accept: 'application/json' }
  if (operator) headers['X-ECMS-Operator'] = operator
  const file = body instanceof Blob ? body : null
  if (body !== undefined) headers['Content-Type'] = file ? 'application/octet-stream' : 'application/json'
  // the same key on every try: a lost answer must not do the thing twice
  if (method !== 'GET') headers['Idempotency-Key'] = options.key ?? newKey()
  if (options.rev !== undefined) headers['If-Match'] = `"${options.rev}"`
  for (let attempt = 0; ; attempt++) {
    let answer: Response
    try {
      answer = await fetch(path, { method, headers, body: file ?? (body === undefined ? null : JSON.stringify(body)), signal: options.signal ?? null, credentials: 'same-origin', cache: 'no-store' })
    } catch (error) {
      if (isAbort(error) || options.signal?.aborted) throw error
      const wait = RETRY_WAITS_MS[attempt]
      if (wait === undefined) {
        watchers.forEach((w) => w.reachable(false))
        throw new ApiError(unreachable())
      }
      await sleep(wait, options.signal)
      continue
    }
    watchers.forEach((w) => w.reachable(true))
    if (answer.ok) return answer
    const problem = await problemOf(answer)
    if (problem.status === 401 && problem.code !== 'login-failed') watchers.forEach((w) => w.signedOut())
    if (OTHER_SESSION.includes(problem.code)) watchers.forEach((w) => w.otherSession())
    throw new ApiError(problem)
  }
}

async function json<T>(answer: Promise<Response>): Promise<T> {
  const got = await answer
  const text = got.status === 204 ? '' : await got.text()
  return (text ? JSON.parse(text) : undefined) as T
}

export const api = {
  get: <T>(path: string, query?: Query | ListQuery, options: CallOptions = {}): Promise<T> => json<T>(call('GET', path + toQuery(query), undefined, options)),
  post: <T>(path: string, body: unknown = {}, options: CallOptions = {}): Promise<T> => json<T>(call('POST', path, body, options)),
  put: <T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> => json<T>(call('PUT', path, body, options)),
  patch: <T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> => json<T>(call('PATCH', path, body, options)),
  /** a file goes up as it is */
  upload: <T>(path: string, file: Blob, query: Query, options: CallOptions = {}): Promise<T> => json<T>(call('POST', path + toQuery(query), file, options)),
  delete: <T>(path: string, options: CallOptions = {}): Promise<T> => json<T>(call('DELETE', path, undefined, options)),
  /** a file (browser mode), with its name */
  async file(path: string): Promise<{ blob: Blob; name: string }> {
    const answer = await call('GET', path, undefined, {})
    const disposition = answer.headers.get('content-disposition') ?? ''
    const star = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
    const plain = /filename="?([^";]+)"?/i.exec(disposition)?.[1]
    return { blob: await answer.blob(), name: star ? decodeURIComponent(star) : (plain ?? 'download') }
  },
}

/** Per operator, kept by the server (the port, and with it localStorage, is new at every start). */
export async function loadState<T>(key: string, fallback: T): Promise<T> {
  try {
    const got = await api.get<{ value: T | null }>(`/api/state/${encodeURIComponent(key)}`)
    return got?.value ?? fallback
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return fallback
    throw error
  }
}
export function saveState(key: string, value: unknown): Promise<unknown> {
  return api.put(`/api/state/${encodeURIComponent(key)}`, { value })
}
export function dropState(key: string): Promise<unknown> {
  return api.delete(`/api/state/${encodeURIComponent(key)}`)
}
