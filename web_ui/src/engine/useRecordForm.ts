/** One record in one form: loading, changing, checking, drafts, saving. No drawing. */
import { computed, onUnmounted, reactive, ref, shallowRef, watch } from 'vue'
import { ApiError, dropState, isAbort, loadState, newKey, saveState } from '@/api/client'
import type { Labels, ModuleInfo, RecordPage, Row, Similar, Value } from '@/api/types'
import { formatValue } from '@/fields'
import { same } from '@/fields/shared/editor'
import { t } from '@/locale'
import { confirm } from '@/ui/confirm'
import { records } from './data'
import { goOn } from './goOn'
import { changedFields, clashes, copyValues, forAdding, formFields, isHidden, missingRequired, newValues, pick, rebase, type Clash, type Values } from './model/form'

interface Draft { values: Record<string, Value>; labels: Labels; rev: number; at: string; /** drafts that still wait for an answer */ older?: Draft | null }
export interface FormOptions { id: string | null; preset: Record<string, Value>; presetLabels?: Labels; copyOf?: string | null }

const DRAFT_WAIT_MS = 1500
const SIMILAR_WAIT_MS = 500

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type
export function useRecordForm(module: ModuleInfo, options: FormOptions) {
  const id = ref<string | null>(options.id)
  const values = reactive<Values>({})
  const original = shallowRef<Values>({})
  const row = shallowRef<Row | null>(null)
  const labels = reactive<Labels>({})
  /** typed text that is no value yet */
  const problems = reactive<Record<string, string>>({})
  /** what the server or the last try to save said */
  const errors = reactive<Record<string, string>>({})
  const loading = ref(true)
  const loadError = shallowRef<unknown>(null)
  const saving = ref(false)
  const fields = formFields(module)
  const names = new Set(module.fields.map((f) => f.name))

  const changed = computed(() => changedFields(values, original.value))
  const dirty = computed(() => changed.value.length > 0 || Object.keys(problems).length > 0)
  const stale = shallowRef<{ clashes: Clash[]; theirs: Row } | null>(null)

  function take(to: Values): void {
    for (const name of Object.keys(values)) if (!(name in to)) delete values[name]
    Object.assign(values, to)
  }
  function clearWords(): void {
    for (const key of Object.keys(problems)) delete problems[key]
    for (const key of Object.keys(errors)) delete errors[key]
  }
  /** the record that this one was merged into */
  const mergedInto = shallowRef<{ id: string; title: string } | null>(null)
  /** the records that were merged into this one */
  const merged = shallowRef<{ id: string; title: string }[]>([])
  /** fields that others rest on, and who does */
  const settled = shallowRef<Record<string, string>>({})
  function takePage(page: RecordPage): void {
    id.value = page.row.id
    row.value = page.row
    settled.value = page.settled ?? {}
    mergedInto.value = page.merged_into ?? null
    Object.assign(labels, page.labels)
    const known: Values = {}
    for (const [name, value] of Object.entries(page.row)) if (names.has(name)) known[name] = value
    original.value = known
    take({ ...known })
    clearWords()
  }

  async function load(): Promise<void> {
    loading.value = true
    loadError.value = null
    try {
      Object.assign(labels, options.presetLabels ?? {})
      if (id.value) {
        const page = await records.get(module.name, id.value)
        takePage(page)
        merged.value = page.merged ?? []
      } else if (options.copyOf) {
        const page = await records.get(module.name, options.copyOf)
        Object.assign(labels, page.labels)
        startNew(copyValues(module, page.row))
      } else startNew(newValues(module, options.preset))
      if (!options.copyOf) await findDraft()
    } catch (error) {
      loadError.value = error
    } finally {
      loading.value = false
    }
  }
  function startNew(from: Values): void {
    id.value = null
    merged.value = []
    row.value = null
    settled.value = {}
    original.value = { ...from }
    take({ ...from })
    clearWords()
    attempt = null
    similar.value = []
  }

  // ---- drafts -------------------------------------------------------------------------------------------------
  const draftKey = computed(() => `draft:${module.name}:${id.value ?? 'new'}`)
  const draft = shallowRef<Draft | null>(null)
  const draftAt = ref('')
  let draftTimer = 0
  let writing: Promise<unknown> | null = null
  /** drafts below the one that was taken up */
  let below: Draft | null = null
  const waiting = (): Draft | null => draft.value ?? below

  async function findDraft(): Promise<void> {
    const found = await loadState<Draft | null>(draftKey.value, null).catch(() => null)
    if (!found?.values || !Object.keys(found.values).some((name) => names.has(name) && !same(found.values[name], values[name]))) return
    draft.value = found
  }
  function continueDraft(): void {
    const found = draft.value
    if (!found) return
    Object.assign(labels, found.labels)
    for (const [name, value] of Object.entries(found.values)) if (names.has(name)) values[name] = value
    below = found.older ?? null
    draft.value = null
    draftAt.value = found.at
  }
  /** What was typed here is saved or given up; an older draft that nobody answered stays. */
  async function dropDraft(): Promise<void> {
    window.clearTimeout(draftTimer)
    const rest = waiting()
    const exists = !!rest || !!draftAt.value || !!writing
    draft.value = below = null
    draftAt.value = ''
    if (!exists) return
    const key = draftKey.value
    await writing
    await (rest ? saveState(key, rest) : dropState(key)).catch(() => undefined)
  }
  /** The offered draft is thrown away; the one below it is offered next. */
  async function discardDraft(): Promise<void> {
    draft.value = draft.value?.older ?? null
    const key = draftKey.value
    if (draftAt.value) return writeDraft()
    await (draft.value ? saveState(key, draft.value) : dropState(key)).catch(() => undefined)
  }
  async function writeDraft(): Promise<void> {
    if (!changed.value.length || saving.value) return
    const at = new Date().toISOString()
    const kept: Draft = { values: pick(values, changed.value.filter((n) => module.fields.find((f) => f.name === n)?.type !== 'password')), labels: { ...labels }, rev: row.value?.rev ?? 0, at, older: waiting() }
    const key = draftKey.value
    // a failure is no harm: the form itself still has it, and the next key tries again
    writing = saveState(key, kept).then(() => { if (key === draftKey.value && dirty.value) draftAt.value = at }, () => undefined)
    await writing
    writing = null
  }
  watch(values, () => {
    window.clearTimeout(draftTimer)
    if (loading.value || saving.value) return
    draftTimer = window.setTimeout(() => void writeDraft(), DRAFT_WAIT_MS)
  }, { deep: true })

  // ---- similar records ----------------------------------------------------------------------------------------
  const similar = ref<Similar[]>([])
  const watched = fields.filter((f) => (f.unique && !(f.type === 'serial' && f.readonly)) || module.alike.includes(f.name)).map((f) => f.name)
  let similarTimer = 0
  let similarAbort: AbortController | null = null
  watch(() => watched.map((name) => values[name]), (now, before) => {
    if (!watched.length || loading.value || now.every((v, i) => same(v, before[i]))) return
    window.clearTimeout(similarTimer)
    similarTimer = window.setTimeout(() => void findSimilar(), SIMILAR_WAIT_MS)
  })
  async function findSimilar(): Promise<void> {
    similarAbort?.abort()
    const mine = (similarAbort = new AbortController())
    const asked = forAdding(module, pick(values, watched.filter((name) => !isHidden(fields.find((f) => f.name === name), values[name]))))
    if (!Object.keys(asked).length) { similar.value = []; return }
    try {
      similar.value = await records.similar(module.name, asked, id.value, mine.signal)
    } catch (error) {
      if (!isAbort(error)) similar.value = []
    }
  }

  // ---- saving -------------------------------------------------------------------------------------------------
  /** one key per thing the user does; kept when the answer got lost, so that trying again never doubles */
  let attempt: { key: string; sent: Record<string, Value> } | null = null

  /** the values that were last refused: of others nobody knows yet what is wrong */
  let refused = ''
  const wrong = (): number => new Set([...Object.keys(problems), ...(JSON.stringify(values) === refused ? Object.keys(errors) : [])]).size

  function check(): boolean {
    refused = JSON.stringify(values)
    for (const key of Object.keys(errors)) delete errors[key]
    Object.assign(errors, missingRequired(fields, values))
    for (const [name, problem] of Object.entries(problems)) errors[name] = problem
    return Object.keys(errors).length === 0
  }

  /** Saves what changed. Null: something is in the way, and the form shows what. */
  async function save(confirmed: string[] = []): Promise<RecordPage | null> {
    if (saving.value || !check()) return null
    saving.value = true
    window.clearTimeout(draftTimer)
    try {
      const page = id.value ? await saveChange(confirmed) : await saveNew(confirmed)
      if (page) {
        await dropDraft()
        takePage(page)
      }
      return page
    } catch (error) {
      if (error instanceof ApiError && error.code === 'stale' && error.problem.theirs) {
        Object.assign(labels, error.problem.labels ?? {})
        const found = clashes(values, original.value, error.problem.theirs)
        if (found.length) stale.value = { clashes: found, theirs: error.problem.theirs }
        else {
          // they changed other fields: both survive without a question
          resolve(error.problem.theirs, new Set())
          saving.value = false
          return save(confirmed)
        }
        return null
      }
      if (error instanceof ApiError && Object.keys(error.fields).length) {
        Object.assign(errors, error.fields)
        return null
      }
      saving.value = false
      const said = error instanceof ApiError ? await goOn(error, t('继续编辑'), t('仍然保存')) : null
      if (said) return said.length ? await save([...confirmed, ...said]) : null
      if (error instanceof ApiError && error.code === 'deleted' && id.value && (await bringBack())) return save(confirmed)
      throw error
    } finally {
      saving.value = false
    }
  }
  /** Somebody deleted the record while it was open here: what was typed need not be lost with it. */
  async function bringBack(): Promise<boolean> {
    const known = id.value
    if (!known) return false
    const sure = await confirm({ title: t('这个{noun}刚被同事删除', { noun: module.noun }), text: [t('可以把它恢复，再保存你填的内容。')], action: t('恢复并保存') })
    if (!sure) return false
    await records.restore(module.name, [known])
    const page = await records.get(module.name, known)
    if (row.value) row.value = { ...row.value, rev: page.row.rev }
    return true
  }
  async function saveNew(confirmed: string[]): Promise<RecordPage> {
    const now = forAdding(module, values)
    attempt ??= { key: newKey(), sent: now }
    const { key, sent } = attempt
    let page = await records.add(module.name, sent, { key }, confirmed).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'unreachable') attempt = null
      throw error
    })
    // typed on after a lost answer: the record is there already, the rest follows as a change; while that is refused or
    // asked about, the next try still means this record
    const later = changedFields({ ...now }, { ...sent }).concat(Object.keys(sent).filter((name) => !(name in now)))
    if (later.length) page = await records.change(module.name, page.row.id, pick({ ...now }, later), { rev: page.row.rev }, confirmed)
    attempt = null
    return page
  }
  async function saveChange(confirmed: string[]): Promise<RecordPage | null> {
    if (!id.value || !row.value) return null
    const set = pick(values, changed.value)
    if (!Object.keys(set).length) return { row: row.value, labels: { ...labels }, settled: settled.value }
    if (!attempt || JSON.stringify(attempt.sent) !== JSON.stringify(set)) attempt = { key: newKey(), sent: set }
    const page = await records.change(module.name, id.value, set, { key: attempt.key, rev: row.value.rev }, confirmed)
    attempt = null
    return page
  }
  /** Goes on from the newest version, with the chosen side of every clash. */
  function resolve(theirs: Row, keepTheirs: ReadonlySet<string>): void {
    const merged = rebase(values, original.value, theirs, keepTheirs)
    const known: Values = {}
    for (const [name, value] of Object.entries(theirs)) if (names.has(name)) known[name] = value
    row.value = theirs
    original.value = { ...original.value, ...known }
    take(merged)
    stale.value = null
    attempt = null
  }

  function set(name: string, value: Value): void {
    values[name] = value
    delete errors[name]
    // what depends on it no longer fits
    for (const field of module.fields) {
      if (field.target_by?.field === name || Object.values(field.depends ?? {}).includes(name)) values[field.name] = null
    }
  }
  function setProblem(name: string, problem: string | null): void {
    if (problem) problems[name] = problem
    else {
      delete problems[name]
      delete errors[name]
    }
  }
  const title = computed(() => {
    const field = module.fields.find((f) => f.name === module.title)
    const value = field ? formatValue(values[field.name], field, { labels }) : ''
    return value
  })
  const what = computed(() => (id.value ? t('{noun}「{title}」', { noun: module.noun, title: title.value || '…' }) : t('新{noun}', { noun: module.noun })))

  onUnmounted(() => {
    window.clearTimeout(draftTimer)
    window.clearTimeout(similarTimer)
    similarAbort?.abort()
  })
  return {
    id, values, original, row, settled, mergedInto, merged, labels, problems, errors, fields, loading, loadError, saving, changed, dirty, stale, draft, draftAt, similar, title, what,
    load, startNew, save, check, wrong, set, setProblem, resolve, continueDraft, discardDraft, dropDraft, writeDraft,
  }
}
export type RecordForm = ReturnType<typeof useRecordForm>
