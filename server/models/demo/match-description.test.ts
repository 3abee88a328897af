import { describe, expect, it } from 'vitest';
import { demoUnknownAnswer, loadDemoProjects, matchDemoProject } from './catalogue';

const CSV = 'csv-to-json';
const LINKS = 'link-shortener';
const HABITS = 'habit-tracker';
const TABLES = 'markdown-table';
const EXPENSES = 'expense-report';
const LIFE = 'game-of-life';

const PHRASES: [description: string, slug: string | null][] = [
  ['csv to json converter cli', CSV],
  ['Convert CSV to JSON', CSV],
  ['a tool that turns my csv files into json', CSV],
  ['CSV-to-JSON in Node.js', CSV],
  ['read a CSV file and print JSON', CSV],
  ['please make json from a csv export', CSV],
  ['convert json to csv', null],
  ['convert JSON into a CSV file with headers', null],
  ['csv to json and json to csv, both ways', null],
  ['csv to json converter in Python', null],
  ['a web page that converts csv to json', null],
  ['csv to xml converter', null],
  ['a csv viewer with json export settings, charts, filters, pivots and themes', null],
  ['shorten links', LINKS],
  ['URL shortener', LINKS],
  ['a service that makes short urls', LINKS],
  ['A link shortening service with visit counts', LINKS],
  ['bookmark manager for my links', null],
  ['a short story about links in a chain', null],
  ['url shortener in Go', null],
  ['link shortener with user accounts and payments', null],
  ['track my daily habits', HABITS],
  ['a habits tracker', HABITS],
  ['Habit tracker with streaks', HABITS],
  ['habit tracking web page for my phone', HABITS],
  ['I want to track the habits of my week', HABITS],
  ['habit tracker in React Native', null],
  ['an essay about eating habits', null],
  ['telegram bot that tracks habits', null],
  ['habit tracker where astronauts trade unicorns for volcano fuel', null],
  ['format markdown tables', TABLES],
  ['TypeScript library to align a Markdown table', TABLES],
  ['line up the tables in my markdown documents', TABLES],
  ['markdown editor with a table of contents', null],
  ['markdown table of contents generator', null],
  ['csv to markdown table', null],
  ['render markdown tables as html', null],
  ['expense report', EXPENSES],
  ['Python script that sums expenses by category', EXPENSES],
  ['report of my expenses by month, from a CSV', EXPENSES],
  ['expense report web app in React', null],
  ['expense tracker with receipts and photos', null],
  ['report at our own expense', null],
  ["conway's game of life", LIFE],
  ['Game of Life', LIFE],
  ['game of life on a canvas in plain JavaScript', LIFE],
  ['conways life with patterns', LIFE],
  ['game about life insurance', null],
  ['the game of life insurance', null],
  ['a game about the life of bees', null],
  ['game of life in Rust for the terminal', null],
  ['an operating system', null],
  ['x', null],
  ['', null],
];

describe('which descriptions the demo takes', () => {
  it.each(PHRASES)('%j is %s', (description, slug) => {
    expect(matchDemoProject(description)?.slug ?? null).toBe(slug);
  });

  it('takes every example by its text, in any case, and by its slug and title', () => {
    for (const { slug, title, prompt } of loadDemoProjects()) {
      for (const text of [prompt, ` ${prompt.toUpperCase()}\n`, slug, title, `Please build this: ${prompt}`])
        expect({ text, slug: matchDemoProject(text)?.slug }).toEqual({ text, slug });
    }
  });

  it('names what it can build, and how to set a key, for what it does not take', () => {
    const answer = demoUnknownAnswer();
    for (const { title } of loadDemoProjects()) expect(answer).toContain(title);
    for (const key of ['OPENAI_API_KEY', 'GOOGLE_API_KEY', 'OPENROUTER_API_KEY', 'OPENAI_COMPATIBLE_BASE_URL'])
      expect(answer).toContain(key);
  });
});
