// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { ElOption, ElSelect } from 'element-plus'
import { expect, it } from 'vitest'
import { h, nextTick } from 'vue'
import ChoiceBox from './ChoiceBox.vue'

const WORDS = ['销货', '退货', '零售']

async function entered(meanwhile: () => Promise<void> | void): Promise<unknown> {
  const box = mount(ChoiceBox, { attrs: { modelValue: '销货' }, slots: { default: () => WORDS.map((label) => h(ElOption, { key: label, label, value: label })) }, attachTo: document.body })
  const input = box.find('input').element
  input.value = '零售'
  input.dispatchEvent(new Event('input'))
  await meanwhile()
  input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', bubbles: true }))
  await nextTick()
  const chosen = box.findComponent(ElSelect).emitted('update:modelValue')
  box.unmount()
  return chosen?.[0]?.[0]
}

it('takes what was typed, however soon ⏎ follows', async () => {
  expect(await entered(() => undefined)).toBe('零售')
  expect(await entered(() => nextTick())).toBe('零售')
})

it('takes what was typed, not what the mouse happens to rest on', async () => {
  const under = async (): Promise<void> => {
    await nextTick()
    const list = [...document.querySelectorAll('.el-select-dropdown__item')]
    list.find((one) => one.textContent === '退货')!.dispatchEvent(new MouseEvent('mousemove', { bubbles: true }))
    list.find((one) => one.textContent === '退货')!.dispatchEvent(new MouseEvent('mouseenter'))
    await nextTick()
  }
  expect(await entered(under)).toBe('零售')
})
