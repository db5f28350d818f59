// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { expect, it } from 'vitest'
import DialogFrame from './DialogFrame.vue'

const escape = (from: EventTarget): boolean => from.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
const dialog = (): ReturnType<typeof mount> => mount(DialogFrame, { props: { title: '单据' }, attachTo: document.body, global: { plugins: [createPinia()] } })

it('Esc closes the dialog on top, also when what had the focus is gone', async () => {
  const below = dialog()
  const above = dialog()
  escape(document.body)
  expect([below.emitted('close'), above.emitted('close')?.length]).toEqual([undefined, 1])
  above.unmount()
  escape(document.body)
  expect(below.emitted('close')?.length).toBe(1)
  below.unmount()
})
