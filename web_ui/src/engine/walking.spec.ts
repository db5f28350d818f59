// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { defineComponent, h } from 'vue'
import { expect, it, vi } from 'vitest'
import { useCommands } from '@/composables/useCommands'
import { enterWalk } from './walking'

function sheet(isOpen: boolean) {
  const saveAndNew = vi.fn(), opened = vi.fn(), next = vi.fn()
  const shown = mount(defineComponent({
    setup() {
      useCommands([{ id: 'record.save-new', label: '保存新增', shortcut: 'Ctrl+Enter', run: saveAndNew }])
      const walk = enterWalk(() => shown.element as HTMLElement, next)
      return () => h('div', { onKeydownCapture: walk.capture }, [
        // a drop-down takes every Enter for itself
        h('div', { class: 'el-select' }, h('input', { 'aria-expanded': String(isOpen), onKeydown: (event: KeyboardEvent) => { opened(); event.stopPropagation() } })),
      ])
    },
  }), { attachTo: document.body })
  return { box: shown.get('input'), saveAndNew, opened, next }
}

it('Ctrl+Enter saves while the cursor is on a closed drop-down, which does not open', async () => {
  const { box, saveAndNew, opened, next } = sheet(false)
  await box.trigger('keydown', { key: 'Enter', ctrlKey: true })
  expect([saveAndNew.mock.calls.length, opened.mock.calls.length, next.mock.calls.length]).toEqual([1, 0, 0])
  await box.trigger('keydown', { key: 'Enter' })
  expect([saveAndNew.mock.calls.length, opened.mock.calls.length, next.mock.calls.length]).toEqual([1, 0, 1])
})

it('an open drop-down takes what is chosen first', async () => {
  const { box, saveAndNew, opened } = sheet(true)
  await box.trigger('keydown', { key: 'Enter', ctrlKey: true })
  expect([saveAndNew.mock.calls.length, opened.mock.calls.length]).toEqual([0, 1])
})
