import * as m from '../server/workspace/checks/parse-check';
const t = async (n: string, s: string) => { const a = performance.now(); const o = await m.checkParse(new Map([['x.css', s]]), ['x.css']); console.log(n, s.length, Math.round(performance.now() - a), 'ms', o.output.slice(0, 80)); };
const [n, s] = { c: ['/*', '/*'.repeat(40000)], n: ['a{/*', 'a{/*'.repeat(20000)], u: ['url(', 'url( '.repeat(16000)]}[process.argv[2]!] as [string,string];
await t('warm', 'a{}'); await t(n, s);
