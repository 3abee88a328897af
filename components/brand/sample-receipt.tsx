import { ScrollRegion } from '@/components/ui/scroll-region';

const LINES = [
  { task: 'T1', what: 'Read CSV with quotes and line numbers', quote: '0.14–0.31', state: 'approved', cost: '0.19' },
  {
    task: 'T2',
    what: 'Write JSON as a stream',
    quote: '0.11–0.26',
    state: 'attempt 1 rejected',
    cost: 'absorbed 0.12',
  },
  { task: 'T2', what: 'Write JSON as a stream', quote: '', state: 'approved', cost: '0.14' },
  { task: 'T3', what: 'Command line with clear errors', quote: '0.12–0.28', state: 'approved', cost: '0.17' },
] as const;

/** An example of a receipt: what was quoted, what was charged, what was absorbed. Figures are an illustration. */
export function SampleReceipt() {
  return (
    <figure className="overflow-hidden rounded-lg border border-border bg-card">
      <figcaption className="lettering flex items-center justify-between border-b border-border bg-muted px-4 py-2 text-muted-foreground">
        <span>Receipt · CSV to JSON</span>
        <span>example</span>
      </figcaption>
      <ScrollRegion label="Example receipt" className="overflow-x-auto">
        <table className="w-full sm:min-w-[30rem] text-[0.8125rem]">
          <thead className="text-left text-[0.75rem] text-muted-foreground">
            <tr>
              <th scope="col" className="px-4 py-2 font-medium">
                Task
              </th>
              <th scope="col" className="px-2 py-2 font-medium">
                Verdict
              </th>
              <th scope="col" className="num px-2 py-2 font-medium max-sm:hidden">
                Quoted
              </th>
              <th scope="col" className="num px-4 py-2 font-medium">
                Charged
              </th>
            </tr>
          </thead>
          <tbody className="divide-y divide-border border-t border-border">
            {LINES.map((line) => (
              <tr
                key={`${line.task}-${line.state}`}
                className={line.cost.startsWith('absorbed') ? 'text-muted-foreground' : undefined}
              >
                <td className="px-4 py-2">
                  <span className="mr-2 font-mono text-[0.75rem] text-muted-foreground">{line.task}</span>
                  {line.what}
                </td>
                <td className="px-2 py-2 sm:whitespace-nowrap">{line.state}</td>
                <td className="num px-2 py-2 max-sm:hidden">{line.quote}</td>
                <td className="num px-4 py-2 font-medium max-sm:whitespace-normal">{line.cost}</td>
              </tr>
            ))}
          </tbody>
          <tfoot className="border-t-2 border-border">
            <tr>
              <th scope="row" colSpan={2} className="px-4 py-2.5 text-left font-semibold">
                You pay
              </th>
              <td className="num px-2 py-2.5 text-muted-foreground max-sm:hidden">0.37–0.85</td>
              <td className="num px-4 py-2.5 text-base font-semibold">0.50 cr</td>
            </tr>
          </tfoot>
        </table>
      </ScrollRegion>
    </figure>
  );
}
