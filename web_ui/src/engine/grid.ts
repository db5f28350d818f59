/** AG Grid, only the parts in use. Cells are drawn by hand-made elements: a list of a million rows draws each of them often. */
import {
  CellApiModule, CellStyleModule, ColumnApiModule, EventApiModule, InfiniteRowModelModule, LocaleModule, ModuleRegistry, PinnedRowModule, RenderApiModule, RowApiModule,
  RowSelectionModule, RowStyleModule, ScrollApiModule,
  type ICellRendererComp, type ICellRendererParams, type IHeaderComp, type IHeaderParams,
} from 'ag-grid-community'
import type { FieldInfo, Labels, Row, Value } from '@/api/types'
import { formatValue, toneOf, wordsIn } from '@/fields'
import { whyPartly } from '@/fields/define'
import { t } from '@/locale'

ModuleRegistry.registerModules([
  CellApiModule, CellStyleModule, ColumnApiModule, EventApiModule, InfiniteRowModelModule, LocaleModule, PinnedRowModule, RenderApiModule, RowApiModule,
  RowSelectionModule, RowStyleModule, ScrollApiModule,
])

export const SELECT = '__select'

export interface Mark { text: string; tone: string }

/** what cells need to know of their list */
export interface GridContext {
  labels: () => Labels
  /** the column that carries 合计 n 条 */
  first: () => string
  totalWords: () => string
  /** px before the next sum */
  totalRoom: () => number
  has: (id: string) => boolean
  head: () => 'none' | 'some' | 'all'
  tick: (id: string, rowIndex: number, event: MouseEvent) => void
  tickAll: () => void
  link: string | null
  /** what a column says of its row beside the value */
  mark: (field: string, row: Row) => Mark | null
  open: (row: Row) => void
}

const DOTS = new Set(['good', 'quiet', 'look', 'bad', 'draft'])

/** One cell: skeleton while its row is on the way, a dot before states, a link where another record opens. */
export function drawCell(field: FieldInfo) {
  return (params: ICellRendererParams<Row, Value, GridContext>): HTMLElement | string => {
    const context = params.context
    if (params.node.rowPinned) {
      if (field.name === context.first()) {
        const count = document.createElement('span')
        count.className = 'count'
        count.style.maxWidth = `${Math.max(24, context.totalRoom())}px`
        count.textContent = context.totalWords()
        return count
      }
      const sum = params.data?.[field.name]
      return sum === undefined ? '' : formatValue(sum, field, { labels: {} })
    }
    if (!params.data) {
      const bar = document.createElement('span')
      bar.className = 'skeleton'
      const seed = ((params.node.rowIndex ?? 0) * 7 + field.name.length * 13) % 5
      bar.style.width = `${field.align === 'left' ? 46 + seed * 10 : 60}%`
      return bar
    }
    const value = params.data[field.name]
    const text = wordsIn(params.data, field, { labels: context.labels() })
    const tone = field.type === 'enum' ? toneOf(value, field) : null
    if (tone && DOTS.has(tone)) {
      const cell = document.createElement('span')
      cell.className = 'state'
      const dot = document.createElement('span')
      dot.className = `dot ${tone}`
      cell.append(dot, text)
      return cell
    }
    if (context.link === field.name && text) {
      const row = params.data
      const link = document.createElement('button')
      link.type = 'button'
      link.className = 'cell-link'
      link.tabIndex = -1
      link.textContent = text
      link.addEventListener('click', (event) => { event.stopPropagation(); context.open(row) })
      return link
    }
    const span = document.createElement('span')
    span.textContent = text
    span.title = whyPartly(params.data, field)
    if (toneOf(value, field) === 'negative') span.className = 'negative'
    const mark = context.mark(field.name, params.data)
    return mark ? marked(span, mark) : span
  }
}

/** A dot in the margin, which narrow columns show as well, and a word behind the value. */
function marked(value: HTMLElement, mark: Mark): HTMLElement {
  const cell = document.createElement('span')
  cell.className = 'marked'
  const dot = document.createElement('span')
  dot.className = `dot ${mark.tone}`
  const word = document.createElement('span')
  word.className = `mark ${mark.tone}`
  word.textContent = mark.text
  cell.append(dot, value, word)
  return cell
}

export class TickCell implements ICellRendererComp<Row> {
  private box!: HTMLInputElement
  private params!: ICellRendererParams<Row, Value, GridContext>
  private gui!: HTMLElement

  init(params: ICellRendererParams<Row, Value, GridContext>): void {
    this.gui = document.createElement('span')
    this.gui.className = 'tick'
    this.box = document.createElement('input')
    this.box.type = 'checkbox'
    this.box.tabIndex = -1
    // the cell keeps the focus, so that the keys go on working
    this.gui.addEventListener('mousedown', (event) => { event.preventDefault(); event.stopPropagation() })
    this.box.addEventListener('click', (event) => {
      event.stopPropagation()
      const { data, node, context } = this.params
      if (data) context.tick(data.id, node.rowIndex ?? 0, event)
      // the list says what is ticked, not the box
      queueMicrotask(() => this.show())
    })
    this.gui.append(this.box)
    this.refresh(params)
  }
  refresh(params: ICellRendererParams<Row, Value, GridContext>): boolean {
    this.params = params
    this.gui.hidden = !!params.node.rowPinned
    this.box.disabled = !params.data
    this.box.setAttribute('aria-label', t('选择第 {n} 行', { n: (params.node.rowIndex ?? 0) + 1 }))
    this.show()
    return true
  }
  private show(): void { this.box.checked = !!this.params.data && this.params.context.has(this.params.data.id) }
  getGui(): HTMLElement { return this.gui }
}

export class TickHead implements IHeaderComp {
  private box!: HTMLInputElement
  private gui!: HTMLElement
  private params!: IHeaderParams<Row, GridContext>

  init(params: IHeaderParams<Row, GridContext>): void {
    this.params = params
    this.gui = document.createElement('span')
    this.gui.className = 'tick'
    this.box = document.createElement('input')
    this.box.type = 'checkbox'
    this.box.tabIndex = -1
    this.box.setAttribute('aria-label', t('选择全部行'))
    this.box.title = t('全选 Ctrl A')
    this.box.addEventListener('click', (event) => {
      event.stopPropagation()
      params.context.tickAll()
      queueMicrotask(() => this.refresh(this.params))
    })
    this.gui.append(this.box)
    this.refresh(params)
  }
  refresh(params: IHeaderParams<Row, GridContext>): boolean {
    this.params = params
    const state = params.context.head()
    this.box.checked = state === 'all'
    this.box.indeterminate = state === 'some'
    return true
  }
  getGui(): HTMLElement { return this.gui }
}
