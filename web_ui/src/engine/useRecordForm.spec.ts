// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { ModuleInfo } from '@/api/types'
import { field } from '@/fields/info'
import { questionNow } from '@/ui/confirm'
import { useRecordForm, type RecordForm } from './useRecordForm'

const module = { name: 'thing', noun: '东西', title: 'name', fields: [field('text', { name: 'name' }), field('text', { name: 'other' })], tabs: [{ label: '基本', sections: [{ label: '', fields: ['name'] }] }], alike: [] } as unknown as ModuleInfo
const asks = ['twice', 'order']
let sent: string[] = []

/** asks one question after the other until all are said yes to */
function answer(path: string, init: RequestInit): Promise<Response> {
  if (init.method !== 'POST' || !path.startsWith('/api/records/thing')) return Promise.resolve(new Response('null', { status: 200 }))
  sent.push(path)
  const open = asks.filter((name) => !path.includes(name))
  const body = open.length ? { code: 'confirm', title: '', status: 409, questions: [{ name: open[0], text: '真的？' }] } : { row: { id: '1', rev: 1, name: '甲' }, labels: {} }
  return Promise.resolve(new Response(JSON.stringify(body), { status: open.length ? 409 : 201, headers: { 'Content-Type': open.length ? 'application/problem+json' : 'application/json' } }))
}
beforeEach(() => {
  sent = []
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', vi.fn(answer))
})
async function formOf(): Promise<RecordForm> {
  let form: RecordForm | undefined
  mount(defineComponent({ setup() { form = useRecordForm(module, { id: null, preset: {} }); return () => h('i') } }))
  if (!form) throw new Error('no form')
  await form.load()
  form.set('name', '甲')
  return form
}

describe('what is asked before a save', () => {
  it('goes along with every yes, and none is asked twice', async () => {
    const form = await formOf()
    const saving = form.save()
    for (const path of ['/api/records/thing', '/api/records/thing?confirmed=twice']) {
      await flushPromises()
      expect([sent.at(-1), form.saving.value, questionNow.value?.text]).toEqual([path, false, ['真的？']])
      questionNow.value?.answer('yes')
    }
    expect((await saving)?.row.id).toBe('1')
    expect(sent.at(-1)).toBe('/api/records/thing?confirmed=twice,order')
  })
  it('leaves the form as it is where somebody goes back to it', async () => {
    const form = await formOf()
    const saving = form.save()
    await flushPromises()
    questionNow.value?.answer('no')
    expect([await saving, form.values.name, form.dirty.value, form.saving.value, sent.length]).toEqual([null, '甲', true, false, 1])
  })
  it('means one record where it is asked about what was typed on after a lost answer', async () => {
    const form = await formOf()
    const keys: string[] = []
    let isLost = true
    vi.stubGlobal('fetch', vi.fn((path: string, init: RequestInit): Promise<Response> => {
      const added = init.method === 'POST' && path.startsWith('/api/records/thing')
      if (added) keys.push(new Headers(init.headers).get('Idempotency-Key') ?? '')
      if (added && isLost) return Promise.reject(new TypeError('lost'))
      const asksFirst = init.method === 'PATCH' && !path.includes('twice')
      const body = asksFirst ? { code: 'confirm', title: '', status: 409, questions: [{ name: 'twice', text: '真的？' }] } : { row: { id: '1', rev: 1, name: '甲' }, labels: {} }
      return Promise.resolve(new Response(JSON.stringify(body), { status: asksFirst ? 409 : 200, headers: { 'Content-Type': asksFirst ? 'application/problem+json' : 'application/json' } }))
    }))
    await expect(form.save()).rejects.toThrow()
    isLost = false
    form.set('name', '乙')
    const saving = form.save()
    await flushPromises()
    questionNow.value?.answer('yes')
    await saving
    expect(keys.length).toBeGreaterThan(1)
    expect(new Set(keys).size, 'another key would make another record').toBe(1)
  })
})

it('says what is in the way of the values that were refused, not of those typed since', async () => {
  vi.stubGlobal('fetch', vi.fn((path: string, init: RequestInit) => Promise.resolve(
    init.method === 'POST' && path.startsWith('/api/records/thing')
      ? new Response(JSON.stringify({ code: 'invalid', title: '', status: 422, fields: { name: '和别的对不上' } }), { status: 422, headers: { 'Content-Type': 'application/problem+json' } })
      : new Response('null', { status: 200 }),
  )))
  const form = await formOf()
  expect([await form.save(), form.wrong()]).toEqual([null, 1])
  form.set('other', '改了别处')
  expect(form.wrong()).toBe(0)
  form.setProblem('other', '不是数字')
  expect(form.wrong()).toBe(1)
})
