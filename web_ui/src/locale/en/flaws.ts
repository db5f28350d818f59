/** What machines that were apart made wrong together. */
export const flaws: Record<string, string> = {
  '账目疑点': 'Open questions of the books',
  '看账目疑点': 'See open questions of the books',
  '{n} 处疑点': '{n} open questions',
  '处': 'found',
  '没有查看库存、往来和单据的权限': 'No right to see stock, balances or documents',
  '账目没有疑点': 'The books raise no question',
  '几台电脑分开做的单据合到一起，卖多了、付重了、期初记了两次，会列在这里。': 'What was sold, paid or opened twice by computers that were apart is listed here.',
  '多是几台电脑分开做的单据合到一起才出现的。程序不擅自改动，处理好以后自己消失。': 'Most of it comes of documents that computers made apart. Nothing is changed by the program, and what is mended disappears.',
  '在列表里看': 'See in the list',
  '怎么处理：{text}。': 'What to do: {text}.',
  '打开{noun}': 'Open the {noun}',
  '另有 {n} 处，在列表里看。': '{n} more in the list.',
}
