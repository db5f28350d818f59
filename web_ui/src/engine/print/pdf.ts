/** pdf.js, fetched when the first preview opens. Its worker is a file of ours: the page's policy allows no other. */
import type { PDFDocumentProxy, PDFPageProxy, RenderTask } from 'pdfjs-dist'
// the build for browsers that are not of this year: the window's engine is older than Chrome
import worker from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?url'

export type { PDFDocumentProxy, PDFPageProxy, RenderTask }

/** points of the paper → pixels at 100 % */
export const PX_PER_POINT = 96 / 72

/** Reads a document; whoever opened it closes it. */
export async function openPdf(data: ArrayBuffer): Promise<PDFDocumentProxy> {
  const pdf = await import('pdfjs-dist/legacy/build/pdf.mjs')
  pdf.GlobalWorkerOptions.workerSrc = worker
  return pdf.getDocument({ data, useWasm: false, enableXfa: false }).promise
}
export async function closePdf(pdf: PDFDocumentProxy): Promise<void> {
  await pdf.loadingTask.destroy()
}

/** The browser's own print dialog for the very file, through a frame nobody sees. */
export function printPdf(file: Blob): Promise<void> {
  const frame = document.createElement('iframe')
  frame.className = 'print-frame'
  frame.setAttribute('aria-hidden', 'true')
  frame.tabIndex = -1
  const url = URL.createObjectURL(file)
  document.querySelectorAll('.print-frame').forEach((old) => old.remove())
  return new Promise((resolve, reject) => {
    frame.addEventListener('load', () => {
      try {
        frame.contentWindow?.focus()
        frame.contentWindow?.print()
        resolve()
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      } finally {
        // the dialog reads the address while it is open
        setTimeout(() => URL.revokeObjectURL(url), 600_000)
      }
    }, { once: true })
    frame.src = url
    document.body.append(frame)
  })
}
