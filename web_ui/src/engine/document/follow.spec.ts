// @vitest-environment happy-dom
import { describe, expect, it, vi } from 'vitest'
import type { WorkedOut } from '../../api/types'
import { field } from '../../fields/info'
import type { Touched } from './calls'
import { createFollower } from './follow'
import { addLine, EMPTY, newLine, removeLine, setCell, setHead, type Sheet } from './sheet'

interface Asked { sheet: Sheet; changed: Touched | null; answer: (with_: Partial<WorkedOut>) => void; fail: (error: Error) => void }
const fields = [field('ref', { name: 'product' }), field('price', { name: 'price' }), field('quantity', { name: 'qty' })]

function desk(): { asked: Asked[]; now: () => Sheet; set: (next: Sheet) => void; failures: unknown[]; follower: ReturnType<typeof createFollower> } {
  let sheet = EMPTY
  const asked: Asked[] = []
  const failures: unknown[] = []
  const follower = createFollower({
    ask: (of, changed) => new Promise((resolve, reject) => {
      asked.push({ sheet: of, changed, answer: (with_) => resolve({ values: {}, lines: of.lines.map(() => ({})), labels: {}, hints: [], ...with_ }), fail: reject })
    }),
    now: () => sheet, take: (next) => { sheet = next }, failed: (error) => failures.push(error), waitMs: 0,
  })
  return { asked, now: () => sheet, set: (next) => { sheet = next }, failures, follower }
}
const settle = async (): Promise<void> => { await new Promise((resolve) => setTimeout(resolve, 5)) }

describe('what follows', () => {
  it('is asked one question after the other, each with the sheet of its moment', async () => {
    const { asked, now, set, follower } = desk()
    const line = newLine(fields, { product: 'a', qty: 10_000 })
    set(addLine(now(), line))
    follower.push({ key: line.key, field: 'product' })
    await settle()
    // typed before the offer came
    set(setCell(now(), fields, line.key, 'price', 777))
    follower.push({ key: line.key, field: 'price' })
    await settle()
    expect(asked).toHaveLength(1)
    expect(asked[0]?.changed).toEqual({ line: 0, field: 'product' })
    asked[0]?.answer({ lines: [{ price: 500, amount: 5 }] })
    await settle()
    expect(now().lines[0]?.values).toMatchObject({ price: 777, amount: 5 })
    // the later question knows of the earlier answer
    expect(asked[1]).toMatchObject({ changed: { line: 0, field: 'price' }, sheet: { lines: [{ values: { price: 777, amount: 5 } }] } })
    asked[1]?.answer({ lines: [{ price: 777, amount: 8 }] })
    await follower.settled()
    expect(now().lines[0]?.values.amount).toBe(8)
  })
  it('is asked once for what is typed into one place again and again', async () => {
    const { asked, now, set, follower } = desk()
    for (const value of [1, 2, 3]) {
      set(setHead(now(), [], 'discount', value))
      follower.push({ field: 'discount' })
    }
    await settle()
    expect(asked.map((a) => a.sheet.values.discount)).toEqual([3])
  })
  it('names the choice that stood there at first', async () => {
    const { asked, now, set, follower } = desk()
    for (const [was, value] of [['a', 'b'], ['b', 'c']] as const) {
      set(setHead(now(), [], 'customer', value))
      follower.push({ field: 'customer', was })
    }
    await settle()
    expect(asked.map((a) => [a.changed, a.sheet.values.customer])).toEqual([[{ field: 'customer', was: 'a' }, 'c']])
  })
  it('no longer names a line that went away', async () => {
    const { asked, now, set, follower } = desk()
    const [a, b] = [newLine(fields, {}), newLine(fields, {})]
    set(addLine(addLine(now(), a), b))
    follower.push({ key: b.key, field: 'qty' })
    set(removeLine(now(), a.key))
    follower.push(null)
    await settle()
    expect(asked[0]?.changed).toEqual({ line: 1, field: 'qty' })
    asked[0]?.answer({})
    await settle()
    expect(asked[1]?.changed).toBeNull()
  })
  it('of another sheet no longer counts', async () => {
    const { asked, now, set, follower } = desk()
    set(setHead(now(), [], 'party', 'p1'))
    follower.push({ field: 'party' })
    await settle()
    follower.reset()
    set(EMPTY)
    asked[0]?.answer({ values: { party: 'p1', due: 'x' } })
    await settle()
    expect(now()).toBe(EMPTY)
  })
  it('may fail without holding up the rest', async () => {
    const { asked, now, set, failures, follower } = desk()
    set(setHead(now(), [], 'party', 'p1'))
    follower.push({ field: 'party' })
    await settle()
    set(setHead(now(), [], 'note', 'n'))
    follower.push({ field: 'note' })
    asked[0]?.fail(new Error('no answer'))
    await settle()
    expect(failures).toHaveLength(1)
    asked[1]?.answer({ values: { total: 4 } })
    await follower.settled()
    expect(now().values).toEqual({ party: 'p1', note: 'n', total: 4 })
  })
  it('is waited for before something is saved', async () => {
    const { asked, now, set, follower } = desk()
    set(setHead(now(), [], 'party', 'p1'))
    follower.push({ field: 'party' })
    const done = vi.fn()
    void follower.settled().then(done)
    await settle()
    expect(done).not.toHaveBeenCalled()
    asked[0]?.answer({})
    await settle()
    expect(done).toHaveBeenCalled()
  })
})
