// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { describe, expect, it } from 'vitest'
import type { FieldInfo, Value } from '@/api/types'
import { field } from '@/fields/info'
import { addDays, today } from '@/fields/shared/dates'
import FieldRow from './FieldRow.vue'

type Row = ReturnType<typeof mount>
function row(about: FieldInfo, value: Value): Row {
  const made: Row = mount(FieldRow, {
    props: { field: about, module: 'x', value, labels: {}, values: {}, onChange: (to: Value) => void made.setProps({ value: to }) },
    attachTo: document.body, global: { plugins: [createPinia()] },
  })
  return made
}
async function type(made: Row, text: string): Promise<void> {
  const box = made.get('input')
  await box.trigger('focusin')
  for (let n = 1; n <= text.length; n++) await box.setValue(text.slice(0, n))
}
const leave = (made: Row): Promise<void> => made.get('input').trigger('focusout')
const hint = (made: Row): string => made.find('.hint').exists() ? made.get('.hint').text() : ''

describe('a box with what is no date', () => {
  it('says so once the cursor is gone, keeps what was typed, and counts no days from half of it', async () => {
    const made = row(field('date', { name: 'on' }), addDays(today(), 3))
    expect(made.text()).toContain('3 天后')
    await type(made, '9999-99-99')
    expect([hint(made), made.text()]).toEqual(['', ''].map(() => expect.not.stringContaining('天')))
    await leave(made)
    expect(hint(made)).toBe('年份要在 1900 到 2200 之间')
    expect(made.get('input').element.value).toBe('9999-99-99')
    expect(made.get('input').attributes('aria-invalid')).toBe('true')
    expect(made.emitted('problem')?.at(-1)).toEqual(['年份要在 1900 到 2200 之间'])
  })
  it('is silent again as soon as it is one', async () => {
    const made = row(field('date', { name: 'on' }), null)
    await type(made, '2-30')
    await leave(made)
    await type(made, '2026-02-28')
    await leave(made)
    expect([hint(made), made.emitted('problem')?.at(-1)]).toEqual(['', [null]])
  })
  it('goes on saying it while somebody puts it right', async () => {
    const made = row(field('date', { name: 'on' }), null)
    await type(made, '2-30')
    await leave(made)
    await made.get('input').trigger('focusin')
    expect(hint(made)).toContain('没有 2 月 30 日')
  })
})

describe('a box with what looks odd', () => {
  const postcode = field('text', { name: 'postcode', usual: { pattern: '\\d{6}', words: '国内是 6 位' } })
  it('points it out beside the box, not while it is typed, and takes it', async () => {
    const made = row(postcode, null)
    await type(made, '2150')
    expect(hint(made)).toBe('')
    await leave(made)
    expect([hint(made), made.emitted('change')?.at(-1)]).toEqual(['国内是 6 位', ['2150']])
    expect(made.get('input').attributes('aria-invalid')).toBeUndefined()
  })
  it('says nothing of a hidden middle', () => expect(hint(row({ ...postcode, masked: true }, '21****00'))).not.toContain('国内'))
})
