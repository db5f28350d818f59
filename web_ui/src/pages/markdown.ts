/** The manual's pages: Markdown without raw HTML, pictures and foreign links. */
import MarkdownIt from 'markdown-it'

const md = new MarkdownIt({ html: false, linkify: false, breaks: false })
md.disable('image')
// only links from page to page (a topic's name); everything else stays text
md.validateLink = (url) => /^[\w-]+(\.md)?(#.*)?$/.test(url)

export function renderMarkdown(text: string): string {
  return md.render(text)
}
/** the topic behind a link of a page: customer.md → customer */
export function topicOf(href: string): string {
  return href.replace(/^.*\//, '').replace(/#.*$/, '').replace(/\.md$/, '')
}
