/** Group trees as flat lines. A tree that closes into a circle, or hangs on a node out of sight, is cut there and still shown. */
import type { TreeNode } from '../../api/types'

export interface Line { node: TreeNode; level: number; children: number }

function childrenOf(nodes: TreeNode[]): Map<string | null, TreeNode[]> {
  const known = new Set(nodes.map((n) => n.id))
  const map = new Map<string | null, TreeNode[]>()
  for (const node of nodes) {
    const parent = node.parent && known.has(node.parent) && node.parent !== node.id ? node.parent : null
    map.set(parent, [...(map.get(parent) ?? []), node])
  }
  return map
}

export function flatten(nodes: TreeNode[], open: ReadonlySet<string>): Line[] {
  const children = childrenOf(nodes)
  const lines: Line[] = []
  const seen = new Set<string>()
  const walk = (parent: string | null, level: number): void => {
    for (const node of children.get(parent) ?? []) {
      if (seen.has(node.id)) continue
      seen.add(node.id)
      lines.push({ node, level, children: children.get(node.id)?.length ?? 0 })
      if (open.has(node.id)) walk(node.id, level + 1)
    }
  }
  walk(null, 0)
  // circles have no way in from the top: cut at the smallest id
  const reached = new Set<string>()
  const reach = (parent: string | null): void => {
    for (const node of children.get(parent) ?? []) if (!reached.has(node.id)) { reached.add(node.id); reach(node.id) }
  }
  reach(null)
  for (const node of [...nodes].filter((n) => !reached.has(n.id)).sort((a, b) => (a.id < b.id ? -1 : 1))) {
    if (reached.has(node.id)) continue
    reached.add(node.id)
    reach(node.id)
    seen.add(node.id)
    lines.push({ node, level: 0, children: children.get(node.id)?.length ?? 0 })
    if (open.has(node.id)) walk(node.id, 1)
  }
  return lines
}

/** The nodes that match, with everything above them. */
export function withAncestors(nodes: TreeNode[], keep: (node: TreeNode) => boolean): TreeNode[] {
  const byId = new Map(nodes.map((n) => [n.id, n]))
  const kept = new Set<string>()
  for (const node of nodes) {
    if (!keep(node)) continue
    for (let up: TreeNode | undefined = node; up && !kept.has(up.id); up = up.parent ? byId.get(up.parent) : undefined) kept.add(up.id)
  }
  return nodes.filter((n) => kept.has(n.id))
}

/** The server counts the rows right at each node; a node shows its whole subtree. */
export function subtreeCounts(nodes: TreeNode[]): Map<string, number | null> {
  const own = new Map(nodes.map((n) => [n.id, n.count]))
  const counts = new Map<string, number | null>()
  for (const node of nodes) {
    let sum: number | null = 0
    for (const id of subtree(nodes, node.id)) {
      const n: number | null = own.get(id) ?? null
      sum = sum === null || n === null ? null : sum + n
    }
    counts.set(node.id, sum)
  }
  return counts
}

/** The node and all under it. */
export function subtree(nodes: TreeNode[], id: string): Set<string> {
  const children = childrenOf(nodes)
  const found = new Set<string>()
  const walk = (at: string): void => {
    if (found.has(at)) return
    found.add(at)
    for (const child of children.get(at) ?? []) walk(child.id)
  }
  walk(id)
  return found
}
