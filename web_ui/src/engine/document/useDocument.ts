/** One document on one sheet: loading, changing, what follows, checking, saving. No drawing. */
import { computed, onUnmounted, ref, shallowRef } from 'vue'
import { ApiError, newKey } from '@/api/client'
import type { DocumentAction, DocumentHint, DocumentInfo, DocumentPage, DocumentState, FoundProduct, Job, Labels, ModuleInfo, Row, Value, WorkedOut } from '@/api/types'
import { formatValue } from '@/fields'
import { isEmpty } from '@/fields/define'
import { t } from '@/locale'
import { ask } from '@/ui/confirm'
import { goOn } from '../goOn'
import { missingRequired, newValues } from '../model/form'
import { documents, type SaveBody } from './calls'
import { createFollower, type Changed } from './follow'
import { shownHints, stillLasting, withLasting, type Lasting } from './hints'
import { useKept } from './kept'
import { fieldsOfKind, linesOfKind, nounOf, withoutStray } from './layout'
import {
  addLine, bodyOf, copyOf, EMPTY, fromFound, indexOf, insertLine, namesOf, newLine, noErrors, placeErrors, removeLine, repeat, scan, setCell, setHead, sheetOf, titlesOf, touched, typedOf,
  type Errors, type Line, type Scanned, type Sheet, type Values,
} from './sheet'
import { KeptChoices, putBack as putLinesBack, turnedBy, type Turned } from './turned'

/** a document that a new sheet begins with, and as which of its sources */
export interface FilledFrom { source: string; id: string }
export interface DocumentOptions { id: string | null; preset: Record<string, Value>; presetLabels: Labels; copyOf: string | null; filledFrom: FilledFrom | null; /** the question that this sheet answers */ answers: string | null }
/** typed text that is no value yet; the key of the head is '' */
export type Problems = Record<string, Record<string, { text: string; error: string }>>
export const HEAD = ''

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type
export function useDocument(module: ModuleInfo, about: DocumentInfo, lineModule: ModuleInfo, options: DocumentOptions) {
  const id = ref(options.id)
  const page = shallowRef<DocumentPage | null>(null)
  const sheet = shallowRef<Sheet>(EMPTY)
  const original = shallowRef<Sheet>(EMPTY)
  const labels = shallowRef<Labels>({})
  /** what the last answer said, and what stays said */
  const told = shallowRef<DocumentHint[]>([])
  const lasting = shallowRef<Lasting[]>([])
  /** lines that were changed by themselves, with what they can be put back to, and what was chosen before */
  const turned = shallowRef<Turned & { field: string; was: string | undefined } | null>(null)
  /** choices of the head that lines still go by, though another one stands there */
  const goneBy = new Map<string, string | undefined>()
  /** choices for which the prices of another one were kept: to and fro asks nothing again */
  const keptFor = new KeptChoices()
  const hints = computed(() => shownHints(told.value, lasting.value, sheet.value))
  const errors = shallowRef<Errors>(noErrors())
  const problems = shallowRef<Problems>({})
  const loading = ref(true)
  const loadError = shallowRef<unknown>(null)
  const saving = ref(false)
  const working = ref(false)
  /** the sums are old: the server gave no answer */
  const lagging = shallowRef<unknown>(null)
  /** a person has set something; what the server fills in by itself is no change */
  const typed = ref(false)
  /** the question between two machines that saving answers */
  const answers = ref<string | null>(null)
  const names = namesOf(module.fields, lineModule.fields)
  const choices = new Set(module.fields.filter((f) => f.type === 'ref' || f.type === 'enum').map((f) => f.name))
  const headFields = new Set(module.fields.map((f) => f.name))

  const hasProblems = computed(() => Object.keys(problems.value).length > 0)
  const dirty = computed(() => typed.value && (hasProblems.value || touched(sheet.value, original.value, module.fields, lineModule.fields)))
  const state = computed<DocumentState | null>(() => (page.value ? (page.value.row.state as DocumentState) : null))
  const title = computed(() => {
    const field = module.fields.find((f) => f.name === module.title)
    return field ? formatValue(sheet.value.values[field.name], field, { labels: labels.value }) : ''
  })
  const kind = computed(() => String(sheet.value.values[about.kind ?? ''] ?? ''))
  const noun = computed(() => nounOf(module, sheet.value.values))
  const what = computed(() => (id.value ? t('{noun}「{title}」', { noun: noun.value, title: title.value || '…' }) : t('新{noun}', { noun: noun.value })))

  function learn(more: Labels): void {
    if (Object.entries(more).some(([one, words]) => labels.value[one] !== words)) labels.value = { ...labels.value, ...more }
  }

  // ---- what follows -----------------------------------------------------------------------------------------------
  const follower = createFollower({
    ask: (now, changed, signal) => documents.workOut(module.name, { ...bodyOf(now), ...(id.value ? { id: id.value } : {}), ...(changed ? { changed } : {}) }, signal),
    now: () => sheet.value,
    take: (next, answer, asked, changed) => {
      learn(answer.labels)
      sheet.value = next
      told.value = answer.hints.filter((hint) => !hint.back)
      const found = turnedBy(turned.value, answer.hints, asked, next)
      const again = changed?.keeps ? turnedBy(null, answer.hints, asked, next) : null
      if (again) sheet.value = putLinesBack(next, again)
      else if (!found) turned.value = null
      else if (found !== turned.value && changed) turned.value = { ...found, field: changed.field, was: turned.value?.field === changed.field ? turned.value.was : changed.was }
      lasting.value = stillLasting(withLasting(lasting.value, answer.hints, asked), next)
      lagging.value = null
      if (!typed.value) original.value = next
      // the amounts follow the prices that stay
      if (again) follower.push(null)
    },
    failed: (error) => { lagging.value = error },
    busy: (is) => { working.value = is },
  })
  function change(next: Sheet, changed: Changed | null): void {
    if (next === sheet.value) return
    sheet.value = next
    lasting.value = stillLasting(lasting.value, next)
    typed.value = true
    attempt = null
    follower.push(changed)
    kept.soon()
  }

  // ---- loading ----------------------------------------------------------------------------------------------------
  const kept = useKept(module.name, id, () => {
    if (!dirty.value || saving.value || answers.value) return null
    const body = typedOf(sheet.value, module.fields, lineModule.fields)
    return { ...body, labels: titlesOf(body, labels.value), rev: page.value?.rev ?? 0 }
  })

  function begin(next: Sheet): void {
    follower.reset()
    errors.value = noErrors()
    problems.value = {}
    told.value = lasting.value = []
    turned.value = null
    goneBy.clear()
    keptFor.forget()
    lagging.value = null
    attempt = null
    original.value = sheet.value = next
    typed.value = false
  }
  function takePage(got: DocumentPage): void {
    id.value = got.row.id
    page.value = got
    learn(got.labels)
    begin(sheetOf(got.row, got.lines, names, sheet.value))
    // what stands beside the lines (stock, prices) comes with the first answer; of what is cancelled nothing follows
    if (got.row.state !== 'cancelled') follower.push(null)
  }
  function startNew(from: Sheet): void {
    id.value = null
    page.value = null
    begin(from)
    follower.push(null)
  }
  const blank = (): Sheet => ({ values: newValues(module, options.preset), lines: [] })
  async function startCopy(source: string): Promise<void> {
    const got = await documents.get(module.name, source)
    learn(got.labels)
    startNew(copyOf(got, module, lineModule, names))
    // a copy is worth keeping even before a key is pressed
    typed.value = true
    original.value = EMPTY
  }
  /** begins with what another document leaves to do; worth keeping even before a key is pressed */
  async function startFrom(of: FilledFrom): Promise<void> {
    startNew(blank())
    await takeFrom(of.source, of.id)
    typed.value = true
    original.value = EMPTY
  }
  /** The version that lost, over the one that counts; of a cancelled document as a new one. */
  async function startOther(of: string, key: string): Promise<void> {
    const [got, other] = await Promise.all([documents.get(module.name, of), documents.other(module.name, of, key)])
    learn(other.labels)
    if (got.row.state === 'cancelled') {
      learn(got.labels)
      startNew(copyOf({ ...got, row: { ...got.row, ...other.values }, lines: other.lines as Row[] }, module, lineModule, names))
      original.value = EMPTY
    } else {
      takePage(got)
      sheet.value = sheetOf(other.values, other.lines, names)
      follower.push(null)
    }
    typed.value = true
    answers.value = key
  }
  async function load(): Promise<void> {
    loading.value = true
    loadError.value = null
    try {
      learn(options.presetLabels)
      if (options.answers && id.value) return await startOther(id.value, options.answers)
      if (id.value) takePage(await documents.get(module.name, id.value))
      else if (options.copyOf) return await startCopy(options.copyOf)
      else if (options.filledFrom) return await startFrom(options.filledFrom)
      else startNew(blank())
      await kept.look()
    } catch (error) {
      loadError.value = error
    } finally {
      loading.value = false
    }
  }
  /** Quietly: what is shown becomes what is stored now. */
  async function refresh(shown: number | undefined): Promise<void> {
    if (!id.value) return
    try {
      const newest = await documents.get(module.name, id.value)
      if (!dirty.value && !saving.value && newest.row.id === id.value && newest.rev !== shown) takePage(newest)
    } catch { /* it stays as it is; saving will tell */ }
  }
  function continueKept(): void {
    const found = kept.take()
    if (!found) return
    learn(found.labels)
    const taken = sheetOf(found.values, found.lines, names)
    // of a document that is there, what nobody can set stays as it is stored
    sheet.value = { ...taken, values: { ...original.value.values, ...blanked(original.value.values), ...taken.values } }
    typed.value = true
    follower.reset()
    follower.push(null)
  }

  /** a field that was emptied is not among what was kept */
  function blanked(values: Values): Values {
    return Object.fromEntries(module.fields.filter((f) => !f.readonly && f.name in values).map((f) => [f.name, null]))
  }

  // ---- typing -----------------------------------------------------------------------------------------------------
  function clearError(key: string, field: string): void {
    const now = errors.value
    if (key === HEAD) {
      if (now.head[field]) errors.value = { ...now, head: without(now.head, field) }
    } else if (now.cells[key]) {
      const rest = without(without(now.cells[key], field), '')
      errors.value = { ...now, cells: Object.keys(rest).length ? { ...now.cells, [key]: rest } : without(now.cells, key) }
    }
    if (now.general.length) errors.value = { ...errors.value, general: [] }
  }
  function setProblem(key: string, field: string, problem: { text: string; error: string } | null): void {
    const rest = without(problems.value[key] ?? {}, field)
    if (problem) { problems.value = { ...problems.value, [key]: { ...rest, [field]: problem } }; typed.value = true }
    else if (problems.value[key]?.[field]) problems.value = Object.keys(rest).length ? { ...problems.value, [key]: rest } : without(problems.value, key)
    if (!problem) clearError(key, field)
  }
  function set(field: string, value: Value): void {
    setProblem(HEAD, field, null)
    if (field === about.kind) forgetStray({ ...sheet.value.values, [field]: value })
    const next = setHead(sheet.value, module.fields, field, value)
    if (next === sheet.value) return
    const was = wasOf(field, value)
    const keeps = keptFor.has(field, was, value)
    if (keeps) goneBy.set(field, was)
    change(next, { field, was, keeps })
  }
  /** The choice that the lines go by; one that is cleared, or whose prices were kept, still is that. */
  function wasOf(field: string, value: Value): string | undefined {
    const before = choices.has(field) ? sheet.value.values[field] : null
    const was = goneBy.has(field) ? goneBy.get(field) : (typeof before === 'string' && before) || undefined
    if (isEmpty(value)) goneBy.set(field, was)
    else goneBy.delete(field)
    return was
  }
  function keepLines(): void {
    const of = turned.value
    if (!of) return
    turned.value = null
    goneBy.set(of.field, of.was)
    keptFor.keep(of.field, of.was, sheet.value.values[of.field])
    change(putLinesBack(sheet.value, of), null)
  }
  function letTurn(): void { turned.value = null }
  function forgetStray(values: Values): void {
    const kept = withoutStray(problems.value[HEAD] ?? {}, module.fields, about, values)
    problems.value = Object.keys(kept).length ? { ...problems.value, [HEAD]: kept } : without(problems.value, HEAD)
    errors.value = { ...errors.value, head: withoutStray(errors.value.head, module.fields, about, values) }
  }
  function setLine(key: string, field: string, value: Value): void {
    setProblem(key, field, null)
    if (field === about.entry.unit) keptFor.forget()
    change(setCell(sheet.value, lineModule.fields, key, field, value), { key, field })
  }
  function foundLabels(found: FoundProduct): void {
    learn({ [found.product]: found.title, ...(found.unit_row ? { [found.unit_row]: found.unit } : {}) })
  }
  function add(found: FoundProduct): Line {
    foundLabels(found)
    keptFor.forget()
    const line = newLine(lineModule.fields, fromFound(about.entry, lineModule.fields, found))
    change(addLine(sheet.value, line), { key: line.key, field: about.entry.product })
    return line
  }
  function addScanned(found: FoundProduct): Scanned {
    foundLabels(found)
    keptFor.forget()
    const done = scan(sheet.value, about.entry, lineModule.fields, found)
    change(done.sheet, { key: done.key, field: done.merged ? about.entry.qty : about.entry.product })
    return done
  }
  /** another product in the same line: its quantity stays */
  function replaceProduct(key: string, found: FoundProduct): void {
    foundLabels(found)
    keptFor.forget()
    const { product, unit } = about.entry
    const next = setCell(sheet.value, lineModule.fields, key, product, found.product)
    setProblem(key, product, null)
    change(unit ? setCell(next, lineModule.fields, key, unit, found.unit_row) : next, { key, field: product })
  }
  function remove(key: string): void {
    const rest = without(problems.value, key)
    problems.value = rest
    errors.value = { ...errors.value, cells: without(errors.value.cells, key) }
    change(removeLine(sheet.value, key), null)
  }
  /** puts a removed line back where it was */
  function putBack(line: Line, at: number): void { change(insertLine(sheet.value, at, line), null) }
  function repeatLine(key: string): string | null {
    const at = indexOf(sheet.value, key)
    const line = sheet.value.lines[at]
    if (!line) return null
    const made = repeat(line)
    change(insertLine(sheet.value, at + 1, made), null)
    return made.key
  }

  /** fills the sheet from another document */
  async function takeFrom(source: string, from: string): Promise<void> {
    await follower.settled()
    fill(await documents.take(module.name, source, from, bodyOf(sheet.value)))
  }
  function fill(answer: WorkedOut): void {
    learn(answer.labels)
    change(sheetOf(answer.values, answer.lines, names, sheet.value), null)
    told.value = answer.hints
  }
  /** starts to fill it with all there is; `fill` takes what comes of it */
  async function takeAll(source: string): Promise<Job> {
    await follower.settled()
    return documents.takeAll(module.name, source, bodyOf(sheet.value))
  }

  // ---- saving -----------------------------------------------------------------------------------------------------
  /** one key per thing the user does; kept when the answer got lost, so that trying again never doubles */
  let attempt: { key: string; body: string } | null = null

  function check(post: boolean): boolean {
    const found = noErrors()
    // a draft may be half filled
    if (post) {
      found.head = missingRequired(fieldsOfKind(module.fields, about, sheet.value.values).filter((f) => !f.hidden), sheet.value.values)
      for (const line of sheet.value.lines) {
        const missing = missingRequired(linesOfKind(lineModule.fields, about, kind.value).filter((f) => !f.hidden && about.line_columns.includes(f.name)), line.values)
        if (Object.keys(missing).length) found.cells[line.key] = missing
      }
    }
    for (const [key, fields] of Object.entries(problems.value)) {
      for (const [field, problem] of Object.entries(fields)) {
        if (key === HEAD) found.head[field] = problem.error
        else (found.cells[key] ??= {})[field] = problem.error
      }
    }
    errors.value = found
    refused = JSON.stringify(bodyOf(sheet.value))
    return !Object.keys(found.head).length && !Object.keys(found.cells).length
  }
  /** what was last refused: of anything else nobody knows yet what is wrong */
  let refused = ''
  /** How many things have to be mended before it can be saved. */
  function wrong(): number {
    const typedWrong = countIn(Object.values(problems.value))
    if (JSON.stringify(bodyOf(sheet.value)) !== refused) return typedWrong
    const { head, cells, general } = errors.value
    return Math.max(typedWrong, general.length + countIn([head, ...Object.values(cells)]))
  }
  async function send(body: SaveBody): Promise<DocumentPage> {
    const text = JSON.stringify(body)
    if (attempt?.body !== text) attempt = { key: newKey(), body: text }
    const got = id.value ? await documents.change(module.name, id.value, body, { key: attempt.key, rev: page.value?.rev ?? 0 }) : await documents.add(module.name, body, { key: attempt.key })
    attempt = null
    return got
  }
  /** Saves the whole sheet. Null: something is in the way, and the sheet shows what. */
  async function save(post: boolean, confirmed: string[] = []): Promise<DocumentPage | null> {
    if (saving.value) return null
    const seen = turned.value
    await follower.settled()
    // nobody saves prices that came anew before he has seen them
    if (turned.value && turned.value !== seen) return null
    if (!check(post)) return null
    saving.value = true
    try {
      const got = await send({ ...bodyOf(sheet.value), post, ...(confirmed.length ? { confirmed } : {}), ...(answers.value ? { answers: answers.value } : {}) })
      answers.value = null
      await kept.drop()
      takePage(got)
      return got
    } catch (error) {
      saving.value = false
      return await answered(error, post, confirmed)
    } finally {
      saving.value = false
    }
  }
  async function answered(error: unknown, post: boolean, confirmed: string[]): Promise<DocumentPage | null> {
    if (!(error instanceof ApiError)) throw error
    const said = await goOn(error, t('继续编辑'), t('仍然保存'))
    if (said) return said.length ? save(post, [...confirmed, ...said]) : null
    if (error.code === 'stale' && id.value) return overtaken(post, confirmed)
    if (Object.keys(error.fields).length) {
      errors.value = placeErrors(error.fields, sheet.value, headFields)
      return null
    }
    throw error
  }
  /** Somebody saved the same document meanwhile. Nothing is thrown away without being asked. */
  async function overtaken(post: boolean, confirmed: string[]): Promise<DocumentPage | null> {
    const answer = await ask({
      title: t('{what}刚被同事改过', { what: what.value }), text: [t('可以先看同事的新内容，这里填的会留作草稿；也可以用这里填的代替。')], escape: 'stay',
      choices: [{ value: 'stay', label: t('继续编辑'), key: 'Esc' }, { value: 'mine', label: t('用我的代替') }, { value: 'theirs', label: t('看同事的'), kind: 'primary' }],
    })
    if (answer === 'stay' || !id.value) return null
    const newest = await documents.get(module.name, id.value)
    if (answer === 'mine') {
      page.value = newest
      return save(post, confirmed)
    }
    await kept.write()
    takePage(newest)
    await kept.look()
    return null
  }
  /** What can be done with the document as it is stored: cancel, and what its module offers. */
  async function act(action: DocumentAction, reason: string | null, confirmed: string[] = []): Promise<DocumentPage | null> {
    if (!id.value || saving.value) return null
    saving.value = true
    try {
      return await documents.act(module.name, id.value, action.name, { ...(reason === null ? {} : { reason }), ...(confirmed.length ? { confirmed } : {}) }, { key: newKey(), ...(action.name === 'approve' && page.value ? { rev: page.value.rev } : {}) })
    } catch (error) {
      saving.value = false
      if (action.name === 'approve' && error instanceof ApiError && Object.keys(error.fields).length) errors.value = placeErrors(error.fields, sheet.value, headFields)
      const said = error instanceof ApiError ? await goOn(error, t('返回'), t('仍然{action}', { action: action.label })) : null
      if (!said) throw error
      return said.length ? await act(action, reason, [...confirmed, ...said]) : null
    } finally {
      saving.value = false
    }
  }

  onUnmounted(() => follower.reset())
  return {
    id, page, sheet, labels, hints, errors, problems, loading, loadError, saving, working, lagging, dirty, answers, turned, state, title, kind, noun, what, kept,
    load, refresh, startNew, blank, takePage, continueKept, set, setLine, setProblem, add, addScanned, replaceProduct, remove, putBack, keepLines, letTurn, repeatLine, takeFrom, takeAll, fill, save, wrong, act, learn,
  }
}
export type DocumentSheet = ReturnType<typeof useDocument>

const countIn = (parts: object[]): number => parts.reduce((sum, one) => sum + Object.keys(one).length, 0)

function without<T>(from: Record<string, T>, name: string): Record<string, T> {
  if (!(name in from)) return from
  const rest = { ...from }
  delete rest[name]
  return rest
}
