// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { questionNow } from '@/ui/confirm'
import { toastNow } from '@/ui/toast'
import RejectedPart from './RejectedPart.vue'

const item = { key: 'r1:3', at: '2026-11-23T01:15:00.000Z', reason: '服务器没有接受这条改动', module: 'customer', noun: '客户', id: 'c1', title: '昆山立源', what: '修改 信用额度', rows: 1 }
let sent: string[] = []
let left: unknown[] = []
beforeEach(() => {
  sent = []
  left = [item]
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', vi.fn((path: string, init: RequestInit) => {
    if (init.method === 'POST') { sent.push(path); left = [] }
    return Promise.resolve(new Response(JSON.stringify(path.endsWith('/rejected') ? { items: left, total: left.length } : {}), { status: 200 }))
  }))
})
async function part(): Promise<ReturnType<typeof mount>> {
  const mounted = mount(RejectedPart)
  await flushPromises()
  return mounted
}
const press = (mounted: ReturnType<typeof mount>, words: string): Promise<void> => mounted.findAll('button').find((button) => button.text() === words)!.trigger('click')

describe('what was not accepted', () => {
  it('stands there with its reason', async () => {
    const text = (await part()).text()
    for (const words of ['昆山立源', '修改 信用额度', '服务器没有接受这条改动']) expect(text).toContain(words)
  })
  it('is sent again', async () => {
    const mounted = await part()
    await press(mounted, '重新提交')
    await flushPromises()
    expect(sent).toEqual(['/api/sync/rejected/r1%3A3/retry'])
    expect(toastNow.value?.text).toBe('已重新提交「昆山立源」。')
    expect(mounted.text()).toContain('都被接受了')
  })
  it('is given up only by somebody who was told what goes', async () => {
    const mounted = await part()
    await press(mounted, '放弃…')
    expect(questionNow.value?.title).toBe('放弃对「昆山立源」的这处改动？')
    expect(questionNow.value?.items?.[0]).toMatch(/^客户「昆山立源」，修改 信用额度，/)
    questionNow.value?.answer('no')
    await flushPromises()
    expect(sent).toEqual([])
    await press(mounted, '放弃…')
    questionNow.value?.answer('yes')
    await flushPromises()
    expect(sent).toEqual(['/api/sync/rejected/r1%3A3/discard'])
  })
})
