// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { actAs, api, ApiError, toQuery, watchClient } from './client'

type Call = [string, RequestInit]
const answers: (() => Response)[] = []
const fetched = vi.fn((..._call: Call) => {
  const next = answers.shift()
  if (!next) throw new Error('no answer prepared')
  return Promise.resolve(next())
})
function headersOf(call: number): Record<string, string> {
  return (fetched.mock.calls[call]?.[1].headers ?? {}) as Record<string, string>
}
const ok = (body: unknown): (() => Response) => () => new Response(JSON.stringify(body), { status: 200 })
const refused = (status: number, body: string): (() => Response) => () => new Response(body, { status })
const cut = (): Response => { throw new TypeError('Failed to fetch') }

beforeEach(() => {
  answers.length = 0
  fetched.mockClear()
  vi.stubGlobal('fetch', fetched)
  vi.useFakeTimers()
})
/** lets the waits between tries pass */
async function settled<T>(call: Promise<T>): Promise<T> {
  const guarded = call.catch((error: unknown) => error as T)
  await vi.runAllTimersAsync()
  const result = await guarded
  if (result instanceof Error) throw result
  return result
}

describe('every call', () => {
  it('carries the page token', async () => {
    answers.push(ok({}))
    await api.get('/api/session')
    expect(headersOf(0)['X-ECMS-Token']).toBe('test-token')
  })
  it('names whom the window shows as signed in', async () => {
    answers.push(ok({}), ok({}))
    actAs('someone')
    await api.post('/api/a')
    actAs(null)
    await api.post('/api/a')
    expect(headersOf(0)['X-ECMS-Operator']).toBe('someone')
    expect(headersOf(1)['X-ECMS-Operator']).toBeUndefined()
  })
  it('writes objects of the query as JSON and leaves empty ones out', () => {
    expect(toQuery({ q: '', limit: 5, filter: { and: [] }, sort: undefined })).toBe('?limit=5&filter=%7B%22and%22%3A%5B%5D%7D')
    expect(toQuery({})).toBe('')
  })
  it('names the version it was made from', async () => {
    answers.push(ok({}))
    await api.patch('/api/records/customer/1', { name: 'x' }, { rev: 7 })
    expect(headersOf(0)['If-Match']).toBe('"7"')
  })
})

describe('idempotency key', () => {
  it('is reused when the call did not reach the server', async () => {
    answers.push(cut, cut, ok({ done: true }))
    await expect(settled(api.post('/api/records/customer', {}))).resolves.toEqual({ done: true })
    const keys = [0, 1, 2].map((i) => headersOf(i)['Idempotency-Key'])
    expect(keys[0]).toBeTruthy()
    expect(new Set(keys).size).toBe(1)
  })
  it('is a new one for a new call, and the given one when the user tries again', async () => {
    answers.push(ok({}), ok({}), ok({}), ok({}))
    await api.post('/api/a')
    await api.post('/api/a')
    expect(headersOf(0)['Idempotency-Key']).not.toBe(headersOf(1)['Idempotency-Key'])
    await api.post('/api/a', {}, { key: 'mine' })
    await api.post('/api/a', {}, { key: 'mine' })
    expect(headersOf(3)['Idempotency-Key']).toBe('mine')
  })
  it('does not stand on reads', async () => {
    answers.push(ok({}))
    await api.get('/api/a')
    expect(headersOf(0)['Idempotency-Key']).toBeUndefined()
  })
})

describe('problems', () => {
  it('come as an ApiError with code, words and fields', async () => {
    answers.push(refused(422, JSON.stringify({ type: 'about:blank', code: 'invalid', title: '有内容要改', status: 422, fields: { name: '请填写客户名称' } })))
    const error = (await api.post('/api/records/customer', {}).catch((e: unknown) => e)) as ApiError
    expect(error).toBeInstanceOf(ApiError)
    expect(error.code).toBe('invalid')
    expect(error.fields).toEqual({ name: '请填写客户名称' })
  })
  it('have Chinese words even when the answer is no problem document', async () => {
    answers.push(refused(500, '<h1>Internal Server Error</h1>'))
    const error = (await api.get('/api/a').catch((e: unknown) => e)) as ApiError
    expect(error.code).toBe('http-500')
    expect(error.problem.title).toMatch(/没有完成/)
  })
  it('are not tried again: the server has answered', async () => {
    answers.push(refused(409, '{}'))
    await api.post('/api/a').catch(() => undefined)
    expect(fetched).toHaveBeenCalledTimes(1)
  })
  it('say so when the server cannot be reached, and when the session is over', async () => {
    const seen: string[] = []
    const drop = watchClient({ reachable: (is) => seen.push(is ? 'reached' : 'lost'), signedOut: () => seen.push('signed out'), otherSession: () => seen.push('other') })
    answers.push(cut, cut, cut)
    await expect(settled(api.get('/api/a'))).rejects.toMatchObject({ code: 'unreachable' })
    answers.push(refused(401, JSON.stringify({ code: 'signed-out', title: '请先登录' })), refused(401, JSON.stringify({ code: 'login-failed', title: '密码不对' })))
    await api.get('/api/a').catch(() => undefined)
    await api.post('/api/session').catch(() => undefined)
    drop()
    expect(seen).toEqual(['lost', 'reached', 'signed out', 'reached'])
  })
  it('tell the window when the session is another than it shows', async () => {
    let told = 0
    const drop = watchClient({ reachable: () => undefined, signedOut: () => undefined, otherSession: () => { told++ } })
    answers.push(refused(409, JSON.stringify({ code: 'other-operator', title: '换了用户' })), refused(403, JSON.stringify({ code: 'must-change-password', title: '先改密码' })), refused(409, JSON.stringify({ code: 'stale', title: '已有修改' })))
    for (let i = 0; i < 3; i++) await api.post('/api/a').catch(() => undefined)
    drop()
    expect(told).toBe(2)
  })
  it('leave an aborted call alone', async () => {
    const stop = new AbortController()
    answers.push(() => { throw new DOMException('aborted', 'AbortError') })
    stop.abort()
    await expect(api.get('/api/a', {}, { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect(fetched).toHaveBeenCalledTimes(1)
  })
})
