import { expect, it } from 'vitest'
import { hits, type Names } from './treeFilter'

const named = (text: string, pinyin: string, initials: string): Names[number] => ({ text, pinyin, initials })
const operators = { label: '操作人员权限', names: [named('操作人员权限', 'caozuorenyuanquanxian', 'czryqx'), named('用户', 'yonghu', 'yh'), named('员工账号', 'yuangongzhanghao', 'ygzh')] }
const all = [{ label: '客户信息' }, operators, { label: '用户组' }]

it('modules are found by their own name, and by other words for them, which are shown', () => {
  expect(hits(all, '用户')).toEqual([{ ...operators, by: '用户' }, { label: '用户组' }])
  expect(hits(all, 'yonghu')).toEqual([{ ...operators, by: '用户' }])
  expect(hits(all, 'ygzh')).toEqual([{ ...operators, by: '员工账号' }])
  expect([hits(all, '操作'), hits(all, 'caozuo')]).toEqual([[operators], [operators]])
  expect([hits(all, ' '), hits(all, '没有')]).toEqual([all, []])
})
