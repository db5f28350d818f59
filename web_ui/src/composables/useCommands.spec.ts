// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, KeepAlive, nextTick, ref } from 'vue'
import { allCommands, chordOf, findCommand, handleKey, pushLayer, registerCommands, runCommand, useCommands, whyNot, type Command } from './useCommands'

const drops: (() => void)[] = []
afterEach(() => { drops.splice(0).forEach((drop) => drop()); document.body.innerHTML = '' })
function register(...commands: Command[]): void { drops.push(registerCommands(commands)) }
function press(key: string, code: string, more: KeyboardEventInit = {}, target: EventTarget = document.body): boolean {
  const event = new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true, ...more })
  Object.defineProperty(event, 'target', { value: target })
  return handleKey(event)
}

describe('shortcuts', () => {
  it('are read by the place of a letter, whatever input method or Caps Lock say', () => {
    const chord = (key: string, code: string, more: KeyboardEventInit = {}): string => chordOf(new KeyboardEvent('keydown', { key, code, ...more }))
    expect(chord('k', 'KeyK', { ctrlKey: true })).toBe('Ctrl+K')
    expect(chord('Process', 'KeyF', { ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+F')
    expect(chord('Insert', 'Insert')).toBe('Ins')
    expect(chord('Tab', 'Tab', { ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+Tab')
    expect(chord('+', 'Equal', { ctrlKey: true, shiftKey: true })).toBe('Ctrl++')
  })
  it('run the command, any of its keys', () => {
    const run = vi.fn()
    register({ id: 'x', label: 'x', shortcut: ['Ctrl+W', 'Ctrl+F4'], run })
    expect(press('w', 'KeyW', { ctrlKey: true })).toBe(true)
    expect(press('F4', 'F4', { ctrlKey: true })).toBe(true)
    expect(run).toHaveBeenCalledTimes(2)
  })
  it('leave a field its own keys', () => {
    const run = vi.fn()
    register({ id: 'del', label: 'x', shortcut: 'Del', run }, { id: 'all', label: 'x', shortcut: 'Ctrl+A', run }, { id: 'find', label: 'x', shortcut: 'Ctrl+F', run })
    const field = document.createElement('input')
    expect(press('Delete', 'Delete', {}, field)).toBe(false)
    expect(press('a', 'KeyA', { ctrlKey: true }, field)).toBe(false)
    expect(press('f', 'KeyF', { ctrlKey: true }, field)).toBe(true)
    expect(press('Delete', 'Delete')).toBe(true)
  })
  it('do nothing while an input method composes', () => {
    const run = vi.fn()
    register({ id: 'enter', label: 'x', shortcut: 'Enter', run })
    expect(press('Enter', 'Enter', { isComposing: true })).toBe(false)
  })
  it('of the page are silent under a dialog, and come back after it', () => {
    const page = vi.fn()
    const dialog = vi.fn()
    register({ id: 'save', label: 'x', shortcut: 'Ctrl+S', run: page })
    const dropLayer = pushLayer()
    expect(press('s', 'KeyS', { ctrlKey: true })).toBe(false)
    const drop = registerCommands([{ id: 'save', label: 'x', shortcut: 'Ctrl+S', run: dialog }])
    press('s', 'KeyS', { ctrlKey: true })
    drop()
    dropLayer()
    press('s', 'KeyS', { ctrlKey: true })
    expect([page.mock.calls.length, dialog.mock.calls.length]).toEqual([1, 1])
  })
})

describe('commands', () => {
  it('that are not enabled do not run and say why', async () => {
    const run = vi.fn()
    register({ id: 'record.delete', label: '删除', enabled: () => '请先选中要删除的客户', run })
    expect(await runCommand('record.delete')).toBe(false)
    expect(run).not.toHaveBeenCalled()
    expect(whyNot(findCommand('record.delete')!)).toBe('请先选中要删除的客户')
  })
  it('registered later win, and give way when they go', () => {
    register({ id: 'a', label: 'first' })
    const drop = registerCommands([{ id: 'a', label: 'second' }])
    expect(findCommand('a')?.label).toBe('second')
    drop()
    expect(findCommand('a')?.label).toBe('first')
    expect(allCommands().map((c) => c.id)).toEqual(['a'])
  })
  it('belong to the page on screen only', async () => {
    const page = (id: string) => defineComponent({ name: id, setup: () => { useCommands([{ id, label: id }]); return () => h('p', id) } })
    const pages = { one: page('one'), two: page('two') }
    const now = ref<keyof typeof pages>('one')
    const wrapper = mount(defineComponent({ setup: () => () => h(KeepAlive, () => h(pages[now.value], { key: now.value })) }))
    const seen = (): string[] => allCommands().map((c) => c.id)
    expect(seen()).toEqual(['one'])
    now.value = 'two'
    await nextTick()
    expect(seen()).toEqual(['two'])
    now.value = 'one'
    await nextTick()
    expect(seen()).toEqual(['one'])
    wrapper.unmount()
    expect(seen()).toEqual([])
  })
})
