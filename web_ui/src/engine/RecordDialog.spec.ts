// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { expect, it, vi } from 'vitest'
import type { ModuleInfo } from '@/api/types'
import { field } from '@/fields/info'
import { useModules } from '@/stores/modules'
import RecordDialog from './RecordDialog.vue'

const module = {
  name: 'company', label: '公司', noun: '公司', title: 'name', rights: ['view', 'edit'], alike: [], trails: [], help: '', files: false,
  fields: [field('text', { name: 'name' }), field('date', { name: 'start_on' }), field('int', { name: 'days' })],
  tabs: [{ label: '基本', sections: [{ label: '', fields: ['name', 'start_on', 'days'] }] }],
} as unknown as ModuleInfo

it('还原 takes what is half typed out of the boxes, too', async () => {
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', vi.fn((path: string) => Promise.resolve(new Response(
    path.startsWith('/api/records/company/1') ? JSON.stringify({ row: { id: '1', rev: 1, name: '甲', start_on: '2026-01-01', days: 30 }, labels: {} }) : '{"value": null}',
    { status: 200, headers: { 'Content-Type': 'application/json' } },
  ))))
  useModules().byName.set('company', module)
  const page = mount(RecordDialog, { props: { module: 'company', record: '1', inPage: true }, attachTo: document.body })
  await flushPromises()
  const texts = (): string[] => page.findAll('.field-row input').map((one) => (one.element as HTMLInputElement).value)
  const before = texts()
  expect(before).toEqual(['甲', '2026-01-01', '30'])
  const boxes = page.findAll('.field-row input')
  for (const [at, text] of ['乙', '2026-02-3', '3x'].entries()) await boxes[at]?.setValue(text)
  expect(texts()).toEqual(['乙', '2026-02-3', '3x'])
  await page.findAll('button').find((one) => one.text() === '还原')?.trigger('click')
  await flushPromises()
  expect(texts()).toEqual(before)
  expect(page.find('.is-error').exists()).toBe(false)
  page.unmount()
})
