/** Where a pop-up stands: all input and output in the program's own pixels, whatever html{zoom} is. */
import { zoomFactor } from '@/stores/appearance'

export interface Box { left: number; top: number; width: number; height: number }
export type Anchor = HTMLElement | Box | { x: number; y: number }
export type Placement = 'bottom-start' | 'bottom-end' | 'right-start' | 'top-start'

export function boxOf(anchor: Anchor): Box {
  const z = zoomFactor()
  if (anchor instanceof HTMLElement) {
    const r = anchor.getBoundingClientRect()
    return { left: r.left / z, top: r.top / z, width: r.width / z, height: r.height / z }
  }
  if ('x' in anchor) return { left: anchor.x / z, top: anchor.y / z, width: 0, height: 0 }
  return anchor
}
export function windowBox(): Box {
  const z = zoomFactor()
  return { left: 0, top: 0, width: innerWidth / z, height: innerHeight / z }
}

/**
 * Beside its cause, flipped and pushed so that it stays inside the window. `clear`: one types in the anchor, so it is
 * never covered; where there is no room under or over it the pop-up stands at its side, or becomes lower.
 */
export function placeBeside(anchor: Box, size: { width: number; height: number }, placement: Placement, { gap = 4, win = windowBox(), clear = false }: { gap?: number; win?: Box; clear?: boolean } = {}): { left: number; top: number; maxHeight: number } {
  const edge = 8
  const right = anchor.left + anchor.width
  const bottom = anchor.top + anchor.height
  const roomRight = right + gap + size.width <= win.width - edge
  let left: number
  let top: number
  let maxHeight = win.height - 2 * edge
  if (placement === 'right-start') {
    left = roomRight ? right + gap : anchor.left - gap - size.width
    top = anchor.top - 4
  } else {
    left = placement === 'bottom-end' ? right - size.width : anchor.left
    const below = bottom + gap
    const above = anchor.top - gap - size.height
    const fitsBelow = below + size.height <= win.height - edge
    top = placement === 'top-start' ? (above >= edge ? above : below) : (fitsBelow || above < edge ? below : above)
    if (clear && !fitsBelow && above < edge) {
      const leftSide = anchor.left - gap - size.width
      if (size.height <= maxHeight && (roomRight || leftSide >= edge)) {
        left = roomRight ? right + gap : leftSide
        top = anchor.top
      } else {
        const under = win.height - edge - below
        const over = anchor.top - gap - edge
        maxHeight = Math.max(under, over)
        top = under >= over ? below : edge
        return { left: Math.max(edge, Math.min(left, win.width - edge - size.width)), top, maxHeight }
      }
    }
  }
  left = Math.max(edge, Math.min(left, win.width - edge - size.width))
  top = Math.max(edge, Math.min(top, win.height - edge - size.height))
  return { left, top, maxHeight }
}
