/** 调价: what is asked for, and how a preview is told in words. */
/** `target` := `source` × `rate` (percent × 10⁴) + `amount`, rounded to multiples of `step` (both × 10⁴) */
export interface Formula { target: string; source: string; rate: number; amount: number; step: Step }
export type Step = 100 | 1000 | 10000
export const STEPS: Step[] = [100, 1000, 10000]
export const WHOLE = 1_000_000

export interface AdjustLine { id: string; title: string; context: string; source: number | null; before: number | null; after: number | null; reason: string }
export interface AdjustPreview { total: number; changed: number; same: number; blank: number; refused: number; rows: AdjustLine[]; digest: string; left_out?: number }
export interface AdjustResult { changed: number; batch: string }

/** The first choice: every price from itself. */
export function firstFormula(targets: string[]): Formula {
  const first = targets[0] ?? ''
  return { target: first, source: first, rate: WHOLE, amount: 0, step: 100 }
}
/** whether a formula leaves every price as it is, but for rounding */
export const isIdle = (f: Formula): boolean => f.target === f.source && f.rate === WHOLE && f.amount === 0
