// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { nextTick } from 'vue'
import { expect, it } from 'vitest'
import ConfirmHost from './ConfirmHost.vue'
import { ask, askUnsaved, questionNow, type Choice } from './confirm'

const focused = async (kind: Choice['kind']): Promise<string> => {
  const host = mount(ConfirmHost, { attachTo: document.body, global: { plugins: [createPinia()] } })
  const said = ask({ title: '请确认', text: [], escape: 'no', choices: [{ value: 'no', label: '返回' }, ...(kind ? [{ value: 'yes', label: '继续', kind }] : [])] })
  for (let i = 0; i < 4; i++) await nextTick()
  const button = document.activeElement as HTMLButtonElement
  button.click()
  const answer = await said
  host.unmount()
  return answer
}

it('Enter does what is asked for, but neither deletes nor goes past a warning', async () => {
  expect(await focused('primary')).toBe('yes')
  expect(await focused('danger')).toBe('no')
  expect(await focused('caution')).toBe('no')
})

it('saving is offered where it can go through, and otherwise going on with what is wrong', async () => {
  const offered = (): string[] => questionNow.value?.choices.map((one) => one.value) ?? []
  const plain = askUnsaved(['客户'])
  expect([offered(), questionNow.value?.text]).toEqual([['stay', 'discard', 'save'], []])
  questionNow.value?.answer('stay')
  const wrong = askUnsaved(['客户'], 2)
  expect([offered(), questionNow.value?.text]).toEqual([['discard', 'stay'], ['有 2 处要先改好才能保存。']])
  questionNow.value?.answer(questionNow.value.escape)
  expect([await plain, await wrong]).toEqual(['stay', 'stay'])
})
