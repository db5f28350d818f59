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

/** Beside its cause, flipped and pushed so that it stays inside the window. */
export function placeBeside(anchor: Box, size: { width: number; height: number }, placement: Placement, gap = 4, win: Box = windowBox()): { left: number; top: number; maxHeight: number } {
  const edge = 8
  const right = anchor.left + anchor.width
  const bottom = anchor.top + anchor.height
  let left: number
  let top: number
  if (placement === 'right-start') {
    left = right + gap + size.width <= win.width - edge ? right + gap : anchor.left - gap - size.width
    top = anchor.top - 4
  } else {
    left = placement === 'bottom-end' ? right - size.width : anchor.left
    const below = bottom + gap
    const above = anchor.top - gap - size.height
    const fitsBelow = below + size.height <= win.height - edge
    top = placement === 'top-start' ? (above >= edge ? above : below) : (fitsBelow || above < edge ? below : above)
  }
  left = Math.max(edge, Math.min(left, win.width - edge - size.width))
  top = Math.max(edge, Math.min(top, win.height - edge - size.height))
  return { left, top, maxHeight: win.height - 2 * edge }
}
