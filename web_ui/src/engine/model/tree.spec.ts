import { describe, expect, it } from 'vitest'
import type { TreeNode } from '../../api/types'
import { flatten, subtree, subtreeCounts, withAncestors } from './tree'

const node = (id: string, parent: string | null): TreeNode => ({ id, title: id, parent, count: null, is_default: false })
const nodes = [node('a', null), node('b', 'a'), node('c', 'b'), node('d', null)]
const shape = (list: { node: TreeNode; level: number }[]): string => list.map((l) => l.node.id + l.level).join(' ')

describe('group tree', () => {
  it('shows what is open', () => {
    expect(shape(flatten(nodes, new Set()))).toBe('a0 d0')
    expect(shape(flatten(nodes, new Set(['a', 'b'])))).toBe('a0 b1 c2 d0')
    expect(flatten(nodes, new Set())[0]?.children).toBe(1)
  })
  it('hangs nodes with an unseen parent at the top', () => expect(shape(flatten([node('x', 'elsewhere')], new Set()))).toBe('x0'))
  it('cuts a circle at its smallest id', () => expect(shape(flatten([node('y', 'x'), node('x', 'y'), node('a', null)], new Set(['x', 'y'])))).toBe('a0 x0 y1'))
  it('keeps the way to what was found', () => expect(withAncestors(nodes, (n) => n.id === 'c').map((n) => n.id)).toEqual(['a', 'b', 'c']))
  it('counts subtrees', () => {
    const counted = [{ ...node('a', null), count: 1 }, { ...node('b', 'a'), count: 2 }, { ...node('c', 'b'), count: 4 }]
    expect([...subtreeCounts(counted).values()]).toEqual([7, 6, 4])
    expect(subtreeCounts(nodes).get('a')).toBe(null)
  })
  it('knows what is under a node', () => expect([...subtree(nodes, 'a')]).toEqual(['a', 'b', 'c']))
})
