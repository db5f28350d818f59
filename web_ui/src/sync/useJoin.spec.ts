// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { ProbeAnswer } from '@/api/types'
import { probeWords, useJoin, type Join, type JoinMode } from './useJoin'

const sent: { path: string; body: unknown; key: string }[] = []
let answer: (path: string) => Response
beforeEach(() => {
  sent.length = 0
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', vi.fn((path: string, init: RequestInit) => {
    sent.push({ path, body: JSON.parse(String(init.body)) as unknown, key: (init.headers as Record<string, string>)['Idempotency-Key'] ?? '' })
    return Promise.resolve(answer(path))
  }))
})
function joining(mode: JoinMode = 'first'): Join {
  let join!: Join
  mount(defineComponent({ setup() { join = useJoin(mode); return () => h('i') } }))
  return join
}
const ok = (more: Partial<ProbeAnswer> = {}): ProbeAnswer => ({ ok: true, ms: 38, empty: false, title: '', server: 'http://hq:8630', ...more })
const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })

describe('an address', () => {
  it.each<[JoinMode, Partial<ProbeAnswer>, string, string]>([
    ['first', {}, 'good', '已连上，往返 38 毫秒'],
    ['first', { empty: true }, 'look', '已连上，往返 38 毫秒。服务器上还没有公司的数据，先在有数据的那台电脑上加入它。'],
    ['lone', { empty: true, ms: 0.2 }, 'good', '已连上，往返 1 毫秒。服务器是空的，本机的数据会全部上传。'],
    ['lone', {}, 'look', '已连上，往返 38 毫秒。服务器上已有公司的数据，本机也有，两边不能合在一起。'],
    ['again', {}, 'good', '已连上，往返 38 毫秒'],
    ['first', { ok: false, title: '连不上这个地址，看看有没有写错' }, 'look', '连不上这个地址，看看有没有写错'],
  ])('for %s, answered %j, is %s', (mode, more, tone, text) => {
    expect(probeWords(ok(more), mode)).toEqual({ text, tone })
  })
  it('is tried a moment after typing, and at once when the cursor leaves, but never twice', async () => {
    vi.useFakeTimers()
    answer = () => json(ok())
    const join = joining()
    join.server.value = 'hq'
    await vi.advanceTimersByTimeAsync(1000)
    expect(sent).toEqual([])
    join.server.value = 'hq.cn'
    await vi.advanceTimersByTimeAsync(300)
    expect(sent).toEqual([])
    await join.probe()
    await vi.advanceTimersByTimeAsync(2000)
    await join.probe()
    expect(sent.map((one) => one.body)).toEqual([{ server: 'hq.cn' }])
    expect(join.said.value.text).toBe('已连上，往返 38 毫秒')
    join.server.value = 'hq2.cn'
    await vi.advanceTimersByTimeAsync(0)
    expect(join.said.value.tone).toBe('plain')
  })
})

describe('joining', () => {
  it('asks for what is missing before it calls', async () => {
    const join = joining()
    expect(await join.submit()).toBe(false)
    expect({ ...join.errors }).toEqual({ server: '请填写服务器地址', code: '请填写加入码' })
    join.server.value = 'hq.cn'
    join.code.value = 'K7Q2M-9F'
    expect(await join.submit()).toBe(false)
    expect({ ...join.errors }).toEqual({ server: '', code: '加入码是 10 位，现在 7 位' })
    expect(sent).toEqual([])
  })
  it('shows a refusal at its field, and the same try again has the same key', async () => {
    answer = () => json({ code: 'invalid', title: '不能保存', status: 422, fields: { code: '加入码不对，或已经用过' } }, 422)
    const join = joining()
    join.server.value = ' hq.cn '
    join.code.value = 'k7q2m9f4mx'
    expect(await join.submit()).toBe(false)
    expect(join.errors.code).toBe('加入码不对，或已经用过')
    await join.submit()
    expect(sent.map((one) => one.body)).toEqual([{ server: 'hq.cn', code: 'K7Q2M-9F4MX' }, { server: 'hq.cn', code: 'K7Q2M-9F4MX' }])
    expect(sent[0]?.key).toBe(sent[1]?.key)
  })
  it('says what is wrong with neither field below both', async () => {
    answer = () => json({ code: 'other-company', title: '这个地址上是另一家公司的服务器', status: 409 }, 409)
    const join = joining('lone')
    join.server.value = 'hq.cn'
    join.code.value = 'K7Q2M-9F4MX'
    expect(await join.submit()).toBe(false)
    expect(join.failure.value).toBe('这个地址上是另一家公司的服务器')
    answer = () => json({ state: 'joining' })
    expect(await join.submit()).toBe(true)
    expect(join.failure.value).toBe('')
  })
})
