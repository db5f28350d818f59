import { AG_GRID_LOCALE_CN } from '@ag-grid-community/locale'
import { themeQuartz } from 'ag-grid-community'

/** The one look of every grid (design system §5); colours are tokens, so dark follows by itself. */
export const gridTheme = themeQuartz.withParams({
  accentColor: 'var(--acc)', backgroundColor: 'var(--bg)', foregroundColor: 'var(--text)', borderColor: 'var(--line)', browserColorScheme: 'inherit',
  fontFamily: 'inherit', fontSize: 13, dataFontSize: 13, spacing: 4, cellHorizontalPadding: 8, rowHeight: 28, headerHeight: 30, iconSize: 14,
  headerBackgroundColor: 'var(--bg)', headerTextColor: 'var(--text3)', headerFontSize: 12, headerFontWeight: 400, headerColumnBorder: false,
  headerRowBorder: '1px solid var(--line2)', headerColumnResizeHandleColor: 'transparent', rowBorder: '1px solid var(--line)', columnBorder: false,
  oddRowBackgroundColor: 'var(--bg)', rowHoverColor: 'var(--hover)', selectedRowBackgroundColor: 'var(--selrow)', wrapperBorder: false, wrapperBorderRadius: 0,
  pinnedColumnBorder: '1px solid var(--line2)', pinnedRowBorder: '1px solid var(--line2)', rangeSelectionBorderColor: 'var(--acc)',
  checkboxBorderRadius: 3, checkboxUncheckedBorderColor: 'var(--ctl)', checkboxCheckedBackgroundColor: 'var(--fill)', checkboxCheckedShapeColor: '#fff',
  checkboxIndeterminateBackgroundColor: 'var(--fill)', checkboxIndeterminateBorderColor: 'var(--fill)', checkboxIndeterminateShapeColor: '#fff', borderRadius: 5,
  cellEditingBorder: '2px solid var(--acc)', cellEditingShadow: 'none', inputFocusBorder: '1px solid var(--acc)',
})

/** The same for the related panel and for document lines: 26 px rows. */
export const gridThemeDense = gridTheme.withParams({ rowHeight: 26 })

export const gridLocale: Record<string, string> = AG_GRID_LOCALE_CN
