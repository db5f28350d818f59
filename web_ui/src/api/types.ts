/** What the HTTP API speaks. The engine derives all of it from the module declarations (desktop/engine/describe.py). */

/** Raw values travel: money = integer 分, quantity/price/rate = integer × 10⁴, dates `YYYY-MM-DD`, instants UTC ISO, references = id, several references = id[]. */
export type Value = string | number | boolean | null | string[] | Birthday
export interface Birthday { kind: 'solar' | 'lunar'; year: number | null; month: number; day: number; is_leap_month: boolean }

export type Operator = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'contains' | 'not_contains' | 'like' | 'empty' | 'not_empty'
export interface Condition { field: string; op: Operator; value?: Value }
export type Clause = Condition | { or: Condition[] } | { and: Condition[] }
export interface Filter { and: Clause[] }

export type FieldType =
  | 'text' | 'longtext' | 'int' | 'bool' | 'quantity' | 'price' | 'money' | 'rate' | 'date' | 'datetime'
  | 'enum' | 'ref' | 'refs' | 'phone' | 'email' | 'url' | 'serial' | 'birthday' | 'password' | 'barcode'

export interface Option { value: string; label: string; tone?: 'good' | 'quiet' | 'look' | 'bad' | 'draft' }

export interface FieldInfo {
  name: string
  label: string
  /** pinyin initials of the label */
  initials: string
  type: FieldType
  required: boolean
  readonly: boolean
  /** raw default of a new record; 'today' and 'me' are already resolved by the server */
  default: Value
  help: string
  sortable: boolean
  sum: boolean
  /** which rows a total counts: posted ones, with the sign of their kind, and only where they are alike in `within` */
  sum_rule?: { posted: boolean; by: string; signs: Record<string, number>; within: string } | null
  /** nothing stands for what nobody knows while the fields `by` say there is such and `but` has not told it since */
  unknown?: { by: string; but: string; /** why it is marked where only a part is known; empty: it is not */ partly: string }
  /** warn (never refuse) when another record has the same value */
  unique: boolean
  operators: Operator[]
  /** suggested column width in px */
  width: number
  align: 'left' | 'right' | 'center'
  /** never shown in forms / lists by itself (record machinery) */
  hidden: boolean
  max_length?: number
  /** what it looks like as a rule; what does not is pointed out, never refused */
  usual?: { pattern: string; words: string }
  /** shown with its middle hidden to those without the right */
  masked?: boolean
  /** digits after the point, for quantity price money rate */
  decimals?: number
  min?: number
  max?: number
  options?: Option[]
  /** ref / refs: the module it points at; small ones (dictionaries) show a drop-down of everything */
  target?: string
  small?: boolean
  where?: Record<string, Value>
  /** ref to one of several modules, chosen by another field of the record: {field:'parent_kind', modules:{customer:'customer'}} */
  target_by?: { field: string; modules: Record<string, string> }
  /** ref: the target is a tree; a filter on it includes the subtree */
  tree?: boolean
  /** ref: only candidates whose field equals this record's value: {parent: 'id'} */
  depends?: Record<string, string>
  /** typed with a new record only: a record of its own keeps it, which this field then names */
  for_new?: string
}

export interface FormSection { label: string; fields: string[] }
export interface FormTab { label: string; sections: FormSection[] }
export interface RelatedTab { name: string; label: string; module: string; field: string; /** fixed values of new records made here */ preset: Record<string, Value> }
export interface TreeInfo { field: string; module: string; label: string; root: string }

export type Right = 'view' | 'add' | 'edit' | 'delete' | 'post' | 'cancel' | 'approve' | 'import' | 'export' | 'print'

export interface ModuleInfo {
  name: string
  /** menu entry, e.g. 客户信息 */
  label: string
  /** what it is looked for by: its label, and other words that people use */
  names?: { text: string; pinyin: string; initials: string }[]
  /** one record, e.g. 客户 */
  noun: string
  chapter: string
  /** lucide icon name */
  icon: string
  /** false: reached through others only (dictionary items, addresses …) */
  in_menu: boolean
  title: string
  /** there may be rows that this user does not see */
  narrowed?: boolean
  /** other modules, of whose rows fields here say what they come to */
  shown_of?: string[]
  /** rows that the list leaves out until asked for */
  aside?: { field: string; value: number; label: string } | null
  /** the column that names a document: beside it stands the state of those that do not count */
  marked?: string | null
  /** the column that tells records which ship with the program: nobody changes them */
  fixed?: string | null
  fields: FieldInfo[]
  columns: string[]
  quick: string[]
  when: string | null
  default_show: 'all' | 'month'
  sort: string
  tree: TreeInfo | null
  tabs: FormTab[]
  related: RelatedTab[]
  rights: Right[]
  /** fields that may be shown as columns, in form order */
  /** the record kind is hierarchical by this field (groups, regions, departments) */
  parent_field: string | null
  /** exactly one record: no list, the form itself */
  single: boolean
  /** doubles can be merged here, by this person */
  mergeable: boolean
  /** the hand-made page that its menu entry opens instead of the list */
  page: string
  /** rows that one imported file may hold */
  import_rows: number
  /** whether its records have files and comments */
  files: boolean
  /** whether the first picture among them stands for the record */
  pictured?: boolean
  /** what pictures among the files of a record may stand for on papers */
  emblems?: { role: string; label: string }[]
  /** what is printed of its records beside lists: labels, and a list of prices; none for who may not print */
  labels?: LabelsInfo | null
  /** panes with lines of several lists, mixed by day */
  trails: TrailInfo[]
  /** hand-made panes under the list, beside the related records */
  panes: { name: string; label: string }[]
  /** ways into its list by names of their own: the rows with this value */
  shortcuts: Shortcut[]
  /** what nobody could have saved and a meeting of machines may leave in it: narrows the list */
  flaws: { name: string; label: string }[]
  help: string
  /** the yes/no field that takes a record out of use */
  retire: string | null
  /** fields that only records of some kind have: by which field, and of which of its values */
  only?: { by: string; fields: Record<string, string[]> } | null
  /** prices that can be worked out from others for many records at once, and from which */
  adjusts: string[]
  /** fields that tell two records of the same thing */
  alike: string[]
  adjusts_from: string[]
  /** its rows follow from others: they have no history and no form */
  local?: boolean
  /** the entries of a ledger: fields that tell module and id of the document they come from, and its line */
  opens?: { module: string; record: string; line: string } | null
  /** a balance: the list of the entries behind it, and the fields both have */
  drills?: { module: string; by: string[] } | null
  /** its rows are parties with a statement of account, or name one in a field of `by` */
  statement?: StatementInfo | null
  /** what its balances are looked at by, all records together */
  survey?: SurveyInfo | null
  /** a document with lines; null (or absent) for plain records */
  document?: DocumentInfo | null
}

/** 一览 over a balance: what its records and places are called */
export interface SurveyInfo { label: string; record: string; whole: string; part: string; print: boolean; export: boolean }

/** 对账单 over the entries of a ledger */
export interface StatementInfo { label: string; entries: string; by: string[]; print: boolean; export: boolean }

/** How a document's sheet is made up (desktop/engine/documents). All names are fields of the module or of its lines. */
/** the prices one of which may stand on a label, and the fields that stand before prices in a list of them */
export interface LabelsInfo { prices: { name: string; label: string }[]; listed: string[]; /** the last day the prices hold */ until?: string | null }
export interface DocumentInfo {
  /** the module of its lines; '' where there are none */
  lines: string
  /** the field that tells its kinds apart */
  kind: string | null
  /** fields of a line that entry and scanning fill */
  entry: { /** '' where lines are no products */ product: string; qty: string; price?: string | null; discount?: string | null; unit?: string | null }
  /** fields of the head that only some kinds have a use for, and those that some kinds cannot do without, with the kinds */
  only?: Record<string, string[]>
  /** columns of lines that only some kinds have a use for, with the kinds */
  line_only?: Record<string, string[]>
  needs?: Record<string, string[]>
  /** fields of the head that another one settles as long as it has a value: the other, the value, and why */
  holds?: Record<string, [string, string | boolean, string]>
  /** what to know before rows of a file become such documents; '' where they cannot */
  imports?: string
  /** what is imported, where that is only one kind of its documents */
  imports_label?: string
  /** by kind: what one of it is called, where that is not the noun of the module */
  nouns?: Record<string, string>
  /** by kind: what fields of the head are called on its sheets */
  called?: Record<string, Record<string, string>>
  /** the same of columns of its lines */
  line_called?: Record<string, Record<string, string>>
  /** by kind: amounts of the head that stand the other way round on its sheets, and what they are called there */
  turned?: Record<string, Record<string, string>>
  /** fields of the head that its lines repeat */
  copied?: string[]
  /** fields of the head that stand at the foot, beside the totals */
  foot: string[]
  /** the amount that papers have in words, too */
  spelled?: string | null
  /** the one figure of the sheet; else the first calculated amount that lists sum up */
  total?: string | null
  line_columns: string[]
  /** fields that change without a new version */
  after: string[]
  /** fields of the head that the first posting fixes */
  fixed?: string[]
  actions: string[]
  /** whether saving posts (T20); else saving keeps a draft, and posting is a step of its own */
  save_posts: boolean
  /** whether saving submits: somebody has to approve before it is posted */
  approval: boolean
  /** whether any may wait to be approved */
  awaits: boolean
  /** whether what this user submits is his to approve: there is nobody else */
  own: boolean
  /** what it can be printed as; none for who may not print */
  prints?: DocumentPrint[]
  /** labels of what its lines name */
  labels?: LabelsInfo | null
  /** whether stock or accounts follow from it */
  books?: boolean
  /** whether codes become lines */
  finds?: boolean
  /** what a sheet can be filled from, and the kinds of sheets it is for */
  sources?: DocumentSource[]
  /** what can be made of one of them, and of which kinds */
  turns?: DocumentTurn[]
}
/** A sheet of `module` filled from a document: what making one is called, and how it begins. */
export interface DocumentTurn { module: string; source: string; label: string; kinds: string[]; preset: Record<string, Value> }
export interface DocumentSource { name: string; label: string; module: string; kinds: string[]; /** fills the sheet by itself: nothing is chosen */ whole?: boolean; /** what is said where there are none */ none?: string }
/** documents that a sheet can be filled from */
/** `more`: there are others, which are found by words */
export interface SourceOffers { items: Row[]; labels: Labels; columns: string[]; more: boolean }
/** A paper: what it is called by kind ('' where there are no kinds), which says for which kinds it is. */
export interface DocumentPrint { name: string; titles: Record<string, string>; paper: 'a4' | 'form' | 'roll80' | 'roll58'; paper_label: string; /** the name of the template it is made by */ template?: string; is_default?: boolean; /** how it is laid out, of what may be wanted otherwise for once */ options?: PaperOptions; /** columns that may stand on it beside the others */ extras?: { name: string; label: string }[] }
/** null: such a print has none of it */
export interface PaperOptions { pictures: boolean | null; watermark: string | null; extras: string[]; seal: boolean | null }
export type DocumentState = 'draft' | 'posted' | 'cancelled'
export interface DocumentAction { name: string; label: string; allowed: boolean; why?: string | null }
export interface DocumentVersion { id: string; version: number; state: DocumentState; at: string; by: string; reason?: string | null; is_winner: boolean; /** not among those that the winner was made from */ is_lost: boolean }
export interface DocumentLink { module: string; id: string; label: string; title: string }
/** the whole document, with the titles of what it refers to */
export interface DocumentPage {
  row: Row
  lines: Row[]
  labels: Labels
  rev: number
  actions: DocumentAction[]
  /** newest first */
  versions: DocumentVersion[]
  links?: DocumentLink[]
  /** why it is not changed by itself: another document brought it; '' of all others */
  made_by?: string
  /** what goes along when it is cancelled */
  along?: string[]
  /** what somebody has to decide about it: `version` is the one that lost, '' edits that came too late */
  disputes?: { id: string; version: string }[]
}
/** a line of what a document follows to: said of one cell, one line, one field of the head, or of all */
export interface DocumentHint { line?: number | null; field?: string | null; text: string; level: 'info' | 'warn'; /** it stays said until one of these of its line changes */ until?: string[]; /** lines were changed by themselves: these fields of them can be put back */ back?: { label: string; lines: number[]; fields: string[] } }
/** no id: a line that has never been saved */
export type SheetLine = Record<string, Value | undefined>
export interface WorkedOut { values: Record<string, Value>; lines: SheetLine[]; labels: Labels; hints: DocumentHint[] }
export interface FoundProduct {
  product: string
  unit_row: string | null
  title: string
  code: string
  spec: string
  unit: string
  /** as scanned */
  barcode: string | null
  prices: Record<string, number | null>
  on_hand: number | null
  /** what `on_hand` is counted in */
  stock_unit: string
}
export interface FoundProducts { exact: boolean; items: FoundProduct[]; /** why what is found is not offered */ barred?: string }
/** asked before it is saved; the answer goes back as its name */
export interface SaveQuestion { name: string; text: string }

export interface Shortcut { name: string; label: string; field: string; value: string }
export interface Chapter { name: string; label: string; icon: string; /** parts of its menu, each with a heading; "module:shortcut" is a shortcut of a module */ sections?: { label: string; modules: string[] }[] }
export interface Modules { chapters: Chapter[]; modules: ModuleInfo[] }

/** one row: raw values by field name plus record machinery */
export interface Row {
  id: string
  rev: number
  [field: string]: Value | undefined
}
/** titles of everything referred to on this page, by id */
export type Labels = Record<string, string>

/** `shown`: list → head → its field */
export interface TrailInfo { name: string; label: string; heads: { name: string; label: string }[]; shown: Record<string, Record<string, string>> }
export type TrailRow = { module: string; header: string; document: string; label: string } & Record<string, Value>
export interface TrailPage { rows: TrailRow[]; labels: Labels; next: string | null }
export interface ListPage { rows: Row[]; next: string | null; total?: number; sums?: Record<string, number>; /** what each total counts */ sum_words?: Record<string, string[]>; labels: Labels }
/** the whole record, with the titles of what it refers to */
export interface RecordPage { row: Row; labels: Labels; /** the record that this one was merged into */ merged_into?: { id: string; title: string }; /** the records that were merged into this one */ merged?: { id: string; title: string }[]; /** what can no longer be changed, and why */ settled?: Record<string, string> }

/** GET /api/records/<module> */
export interface ListQuery {
  q?: string              // across all searchable fields (substring or pinyin initials)
  field?: string; value?: string   // 快速查询
  from?: string; to?: string       // on the module's date field
  filter?: Filter
  sort?: string           // "-date,name"
  group?: string          // node of the tree: the subtree
  flaw?: string           // only rows with this flaw (ModuleInfo.flaws)
  deleted?: '1'           // the recycle bin
  limit?: number; after?: string; offset?: number
  /** comma list: rows,total,sums. Default rows plus total where it is free */
  want?: string
}

export interface FlawAct { label: string; module: string; makes: boolean; values: Record<string, Value>; /** the new document is filled from the row */ fills: { source: string; id: string } | null }
export interface FlawItem { id: string; text: string; opens: { module: string; id: string } | null; acts: FlawAct[] }
export interface FlawGroup { module: string; list: string; noun: string; name: string; label: string; remedy: string; total: number; items: FlawItem[]; labels: Labels }
export interface FlawPage { groups: FlawGroup[]; total: number }

/** `owner`: it is not for this person to see, only who looks after it; it has no id then */
export interface Similar { id: string; title: string; facts: string; reasons: string[]; score: number; owner?: string }
export interface LookupRow { id: string; title: string; context: string; pinyin: string; is_default: boolean; is_stopped: boolean }
export interface LookupPage { rows: LookupRow[]; more: boolean }
export interface TreeNode { id: string; title: string; parent: string | null; count: number | null; is_default: boolean }

export interface Change { field: string; label: string; from: Value; to: Value }
export interface HistoryEntry { at: string; actor: string; machine: string; action: 'add' | 'edit' | 'delete' | 'restore' | 'merge' | 'unmerge' | 'attach' | 'detach'; changes: Change[]; /** attach, detach: its name */ file?: string; /** of a record that was merged into this one */ of?: string; /** merge: the other record, and whether this one went into it */ with?: string; into?: boolean }
export interface HistoryPage { entries: HistoryEntry[]; labels: Labels }

export interface DeletePreview { count: number; along: { label: string; count: number }[]; refused: { id: string; title: string; reason: string }[] }
export interface DeleteResult { deleted: string[]; batch: string }

export interface SavedFilter { id: string; name: string; view: SavedView }
/** what a saved scheme remembers */
export interface SavedView { filter: Filter; show?: Period; sort?: string }
export type Period = { kind: 'all' } | { kind: 'none' } | { kind: 'month' | 'week' | 'day'; offset: number } | { kind: 'span'; from: string; to: string }

export interface ColumnState { field: string; width?: number; hidden?: boolean; pinned?: 'left' | null }
export interface ListLayout { columns?: ColumnState[]; sort?: string; show?: Period; panel_height?: number; panel_open?: boolean; tree_width?: number; /** shows what lists leave out by themselves */ aside?: boolean }

export interface Operator_ { id: string; name: string; login_name: string; employee: string | null; department: string; department_name: string; branch_name: string; is_admin: boolean; must_change_password: boolean; special: string[] }
export interface Session {
  initialized: boolean
  signed_in: boolean
  company: string
  machine: string
  version: string
  mode: 'window' | 'browser'
  data_dir: string
  operator?: Operator_
  departments: { id: string; name: string; users: string[] }[]
  last?: { department: string; user: string }
}

export interface Job { id: string; kind: string; label: string; state: 'running' | 'done' | 'failed' | 'cancelled'; done: number; total: number; message: string; /** whether it can be cancelled */ stops: boolean; /** file can be fetched from /api/jobs/<id>/file (browser mode) */ download?: string; /** where it was written (window mode) */ path?: string; result?: unknown }

export type ServerEvent =
  | { type: 'changed'; module: string; ids: string[] }
  | { type: 'job'; job: Job }
  | { type: 'session' }
  | { type: 'ask-quit' }
  | { type: 'sync'; sync: Partial<Sync>; conflicts_changed?: boolean }

// ---- synchronisation ----------------------------------------------------------------------------------------

export type SyncState = 'alone' | 'joining' | 'synced' | 'syncing' | 'waiting' | 'offline' | 'paused' | 'attention'
export type SyncProblemCode =
  | 'server-older' | 'client-older' | 'unknown-machine' | 'other-company' | 'revoked' | 'copied' | 'mass-delete' | 'storage-full' | 'clock' | 'join-failed' | 'protocol' | 'local'
/** what happened, and what a person can do */
export interface SyncProblem { code: SyncProblemCode; title: string; hint: string }
export interface Sync {
  state: SyncState
  server: string
  /** this machine's code */
  machine: string
  as_of: string | null
  since: string | null
  waiting: number
  waiting_bytes: number
  /** to be decided, of those this operator may see */
  conflicts: number
  /** settled by themselves, not looked at yet */
  auto: number
  rejected: number
  progress: { done: number; total: number } | null
  problem: SyncProblem | null
  clock_off_ms: number
}
export type SyncAction = 'now' | 'pause' | 'resume' | 'confirm'
export interface ProbeAnswer { ok: boolean; ms: number; empty: boolean; title: string; server: string }

/** one change of one record, on its way */
export interface Outgoing { module: string; noun: string; id: string; title: string; what: string; rows: number; at: string }
export interface WaitingItem extends Outgoing { state: 'pending' | 'sent' }
export interface WaitingPage { items: WaitingItem[]; total: number; bytes: number }
export interface RejectedItem extends Outgoing { key: string; reason: string }
export interface RejectedPage { items: RejectedItem[]; total: number }

export interface ConflictSide { side: 'winner' | 'loser'; value: Value; text: string; actor: string; machine: string; at: string; is_me: boolean }
export interface Conflict {
  id: string
  module: string
  noun: string
  record: string
  title: string
  field: string
  label: string
  /** '' for what is no field: an edit against a deletion, several fields together */
  type: FieldType | ''
  is_flag: boolean
  state: string
  base: { known: boolean; value: Value; text: string; at: string | null; actor: string }
  sides: ConflictSide[]
  /** what the record holds now; may be newer than either side */
  now: { value: Value; text: string }
  can_take: boolean
  /** edit against delete: only one of the two sides can be taken */
  is_life: boolean
  /** two versions of a document, or edits that came after it was posted */
  document?: ConflictOfDocument
}
export interface ConflictDifference { /** the line; '' in the head */ where: string; label: string; now: string; other: string }
export interface ConflictOfDocument {
  why: string
  is_cancelled: boolean
  /** the version that the other one would become */
  next: number
  differences: ConflictDifference[]
  may: boolean
  may_keep: boolean
}
export interface ConflictPage { items: Conflict[]; total: number; next: string | null }
export type Take = { take: 'winner' | 'loser' } | { take: 'value'; value: Value }
export interface BulkAnswer { done: number; refused: { id: string; title: string; reason: string }[] }

export interface Machine {
  id: string
  code: string
  name: string
  branch: string
  user: string
  kind: 'shared' | 'personal'
  state: 'active' | 'revoked'
  last_seen: string | null
  waiting: number | null
  version: string
  /** files it added whose contents it has not brought */
  files_lacking: number
  is_me: boolean
}
/** live: asked just now; else what was known the last time this machine was online */
export interface MachinesPage { items: Machine[]; as_of: string | null; live: boolean }
export interface Invitation { code: string; minutes: number }

export type LogKind = 'push' | 'pull' | 'merge' | 'offline' | 'online' | 'join' | 'problem' | 'identity' | 'info'
export interface LogEntry { at: string; kind: LogKind; text: string }

/** application/problem+json */
export interface Problem { type: string; code: string; title: string; detail?: string; status: number; fields?: Record<string, string>; mine?: Record<string, Value>; theirs?: Row; labels?: Labels; wait_s?: number; questions?: SaveQuestion[] }
