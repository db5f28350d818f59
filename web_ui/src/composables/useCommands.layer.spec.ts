// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { defineComponent, h, KeepAlive, nextTick, ref } from 'vue'
import { expect, it } from 'vitest'
import { findCommand, pushLayer, useCommands } from './useCommands'

it('a tab that comes back while a dialog opens over it has its keys again when the dialog is gone', async () => {
  const List = defineComponent({ name: 'list-tab', setup() { useCommands([{ id: 'row.open', label: '打开', shortcut: 'Enter' }]); return () => h('p') } })
  const Other = defineComponent({ name: 'other-tab', setup: () => () => h('p') })
  const isList = ref(true)
  mount(defineComponent({ setup: () => () => h(KeepAlive, null, { default: () => h(isList.value ? List : Other) }) }))
  await nextTick()
  isList.value = false
  await nextTick()
  expect(findCommand('row.open')).toBeUndefined()
  const close = pushLayer()
  isList.value = true
  await nextTick()
  close()
  expect(findCommand('row.open')?.label).toBe('打开')
})
