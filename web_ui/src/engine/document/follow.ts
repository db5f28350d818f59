/**
 * Asks the server what follows from what was typed, one question after the other.
 * The keyboard never waits: every question carries the sheet as it was when it came up, and its answer is laid under whatever has been typed since.
 */
import type { WorkedOut } from '../../api/types'
import type { Touched } from './calls'
import { indexOf, merge, type Sheet } from './sheet'

/** a cell by the key of its line: places move while questions wait; `was`: the choice of the head that the lines went by; `keeps`: their prices stay, as was said before */
export interface Changed { key?: string; field: string; was?: string | undefined; keeps?: boolean }
interface Question { sheet: Sheet; changed: Changed | null }

export interface FollowOptions {
  ask: (sheet: Sheet, changed: Touched | null, signal: AbortSignal) => Promise<WorkedOut>
  now: () => Sheet
  /** `asked`: the sheet as the answer knows it */
  take: (sheet: Sheet, answer: WorkedOut, asked: Sheet, changed: Changed | null) => void
  failed: (error: unknown) => void
  busy?: (is: boolean) => void
  waitMs?: number
}
export interface Follower {
  push: (changed: Changed | null) => void
  /** resolves when nothing is open any more */
  settled: () => Promise<void>
  /** another sheet: what is open no longer counts */
  reset: () => void
}

const WAIT_MS = 40

function placeOf(question: Question): Touched | null {
  const { changed, sheet } = question
  if (!changed) return null
  if (changed.key === undefined) return { field: changed.field, ...(changed.was ? { was: changed.was } : {}) }
  const line = indexOf(sheet, changed.key)
  // the line went away meanwhile: only the sums follow
  return line < 0 ? null : { line, field: changed.field }
}

export function createFollower(options: FollowOptions): Follower {
  let waiting: Question[] = []
  let running: Promise<void> | null = null
  let timer = 0
  let turn = 0
  let abort = new AbortController()

  function push(changed: Changed | null): void {
    const last = waiting[waiting.length - 1]
    // typed again into the same place: one question will do
    const again = !!last && last.changed?.key === changed?.key && last.changed?.field === changed?.field
    if (again) waiting.pop()
    // the lines still go by what stood there at first
    waiting.push({ sheet: options.now(), changed: again && changed && last.changed ? { ...changed, was: last.changed.was } : changed })
    window.clearTimeout(timer)
    if (!running) timer = window.setTimeout(start, options.waitMs ?? WAIT_MS)
  }
  function start(): Promise<void> {
    window.clearTimeout(timer)
    if (!running && waiting.length) {
      options.busy?.(true)
      const mine = (running = run(turn).finally(() => {
        if (running !== mine) return
        running = null
        options.busy?.(false)
      }))
    }
    return running ?? Promise.resolve()
  }
  async function run(mine: number): Promise<void> {
    for (let question = waiting.shift(); question; question = waiting.shift()) {
      try {
        const answer = await options.ask(question.sheet, placeOf(question), abort.signal)
        if (mine !== turn) return
        for (const later of waiting) later.sheet = merge(later.sheet, question.sheet, answer)
        options.take(merge(options.now(), question.sheet, answer), answer, question.sheet, question.changed)
      } catch (error) {
        if (mine !== turn) return
        options.failed(error)
      }
    }
  }
  async function settled(): Promise<void> {
    while (running || waiting.length) await start()
  }
  function reset(): void {
    turn++
    abort.abort()
    abort = new AbortController()
    window.clearTimeout(timer)
    waiting = []
    if (running) options.busy?.(false)
    running = null
  }
  return { push, settled, reset }
}
