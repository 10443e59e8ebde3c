'use strict';

const every = 2000;          // ms between two looks
const most_rows = 300;       // accounts shown at once
const patience = 10000;      // ms for an answer
const $ = (id) => document.getElementById(id);

let state = null;            // the last answer
let token = '';
let paced = '';              // the account whose pace is being changed

// Text

const number = new Intl.NumberFormat('en');

function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min ' + String(s % 60).padStart(2, '0') + ' s';
  if (s < 48 * 3600) return Math.floor(s / 3600) + ' h ' + String(Math.floor(s / 60) % 60).padStart(2, '0') + ' min';
  return Math.floor(s / 86400) + ' d ' + String(Math.floor(s / 3600) % 24).padStart(2, '0') + ' h';
}

function element(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

// Changes an element only if needed, so that selections and screen readers are left alone.
function set(id, text) {
  const e = $(id);
  if (e.textContent !== text) e.textContent = text;
}

function notice(text, bad) {
  $('notice').hidden = !text;
  $('notice').classList.toggle('bad', Boolean(bad));
  set('notice', text);
}

// Parts of the page

function show_head(s) {
  set('phase', s.phase + ', ' + s.percent_done + ' %');
  document.title = s.percent_done + ' % · Harvest';
  $('bar').value = s.percent_done;
  const left = s.seconds_left === undefined ? '' : ', about ' + duration(s.seconds_left) + ' to go';
  set('times', duration(s.seconds_elapsed) + ' so far' + left + (s.shared ? '; posts and requests are those of this worker' : ''));
  if (s.outage) {
    notice('No answer from the server since ' + s.outage.since + ': ' + s.outage.why, true);
  } else if (s.paused) {
    notice('Paused: no request is sent until it is resumed.');
  } else {
    notice('');
  }
}

function show_figures(s) {
  const jobs = s.jobs, posts = s.posts, accounts = s.accounts;
  const figures = [
    ['Jobs done', number.format(jobs.done) + ' of ' + number.format(jobs.all)],
    ['Jobs failed', number.format(jobs.failed), jobs.failed > 0],
    ['Jobs running', number.format(jobs.running)],
    ['Posts', number.format(posts.read)],
    ['New posts', number.format(posts.new)],
    ['Posts a minute', number.format(Math.round(posts.per_minute))],
    ['Requests', number.format(s.requests)],
    ['Connections', number.format(s.requests_running) + ' of ' + number.format(s.connections)],
    ['Accounts parked', number.format(accounts.parked) + ' of ' + number.format(accounts.all), accounts.parked > 0],
    ['Accounts resting', number.format(accounts.resting)],
  ];
  if (accounts.requests_left !== undefined) figures.push(['Budgets left', number.format(accounts.requests_left)]);
  const list = $('figures');
  while (list.children.length > figures.length) list.lastChild.remove();
  figures.forEach(([name, value, bad], i) => {
    let item = list.children[i];
    if (!item) {
      item = element('div');
      item.append(element('dt'), element('dd'));
      list.append(item);
    }
    const [term, text] = item.children;
    if (term.textContent !== name) term.textContent = name;
    if (text.textContent !== value) text.textContent = value;
    text.className = bad ? 'bad' : '';
  });
}

function show_plot(s) {
  const h = s.posts_so_far;
  if (!h || h.posts.length === 0) return;
  const width = 600, height = 160, top = 12;
  const rates = h.posts.map((n) => n * 60 / h.seconds_step);
  if (rates.length > 1) rates.pop();  // the last step is not over
  const most = Math.max(1, ...rates);
  const x = (i) => rates.length < 2 ? width * i : i * width / (rates.length - 1);
  const y = (r) => height - (height - top) * r / most;
  const points = rates.length < 2 ? [[0, y(rates[0])], [width, y(rates[0])]] : rates.map((r, i) => [x(i), y(r)]);
  const line = 'M' + points.map(([a, b]) => a.toFixed(1) + ' ' + b.toFixed(1)).join('L');
  $('plot-line').setAttribute('d', line);
  $('plot-area').setAttribute('d', line + 'L' + width + ' ' + height + 'L0 ' + height + 'Z');
  set('plot-from', duration(s.seconds_elapsed - h.seconds_from) + ' ago');
  set('plot-text', 'most: ' + number.format(Math.round(most)) + ' a minute');
}

function draw_grid() {
  const name = 'http://www.w3.org/2000/svg';
  for (const part of [0.25, 0.5, 0.75]) {
    const line = document.createElementNS(name, 'line');
    line.setAttribute('x1', '0');
    line.setAttribute('x2', '600');
    line.setAttribute('y1', String(12 + 148 * part));
    line.setAttribute('y2', String(12 + 148 * part));
    $('plot-lines').append(line);
  }
}

function next_request(a, now) {
  if (!a.next_request || a.state === 'parked') return '';
  if (a.running > 0) return 'under way';
  const wait = (Date.parse(a.next_request) - now) / 1000;
  if (wait <= 0) return a.queued > 0 ? 'now' : '';
  return 'in ' + duration(wait);
}

const columns = ['Account', 'State', 'Next request', 'Left', 'Pace', 'Jobs', 'Failed', 'Posts', 'Requests', 'Change'];

function make_row(account) {
  const row = element('tr');
  row.dataset.account = account;
  columns.forEach((label, i) => {
    const cell = element('td');
    cell.dataset.label = label;
    cell.className = i === 0 ? 'name' : i === 4 ? 'pace' : i === 9 ? 'act' : i === 3 || i > 4 ? 'n' : '';
    row.append(cell);
  });
  const pace = element('button', 'Pace');
  pace.type = 'button';
  pace.setAttribute('aria-label', 'Pace of ' + account);
  pace.addEventListener('click', () => ask_pace(account));
  const park = element('button');
  park.type = 'button';
  park.addEventListener('click', () => send({command: park.dataset.command, account}));
  row.lastChild.append(pace, ' ', park);
  return row;
}

function fill_row(row, a, now) {
  const name = a.provider ? a.account + ' (' + a.provider + ')' : a.account;
  const texts = [name, a.why ? a.state + ': ' + a.why : a.state, next_request(a, now),
    a.requests_left === undefined ? '' : number.format(a.requests_left), a.pace, number.format(a.jobs_done),
    number.format(a.jobs_failed), number.format(a.posts), number.format(a.requests)];
  texts.forEach((text, i) => {
    const cell = row.children[i];
    if (cell.textContent === text) return;
    cell.textContent = text;
    cell.title = i === 0 || i === 4 ? text : '';
  });
  row.children[1].className = 'state ' + a.state;
  const park = row.lastChild.lastChild;
  const command = a.state === 'parked' ? 'unpark' : 'park';
  if (park.dataset.command === command) return;
  park.dataset.command = command;
  park.textContent = command === 'park' ? 'Park' : 'Unpark';
  park.setAttribute('aria-label', park.textContent + ' ' + a.account);
}

const urgency = {parked: 0, unknown: 1, resting: 2, sending: 3, ready: 4, idle: 5};

function show_accounts(s) {
  const wanted = $('filter').value, part = $('search').value.toLowerCase();
  const all = s.each_account || [];
  const found = all.filter((a) => (!wanted || a.state === wanted) && a.account.toLowerCase().includes(part));
  found.sort((a, b) => urgency[a.state] - urgency[b.state] || (a.account < b.account ? -1 : 1));
  const shown = found.slice(0, most_rows);
  set('account-count', number.format(shown.length) + ' of ' + number.format(all.length));
  const body = $('accounts');
  const rows = new Map([...body.children].map((row) => [row.dataset.account, row]));
  const now = Date.parse(s.time);
  shown.forEach((a, i) => {
    const row = rows.get(a.account) || make_row(a.account);
    rows.delete(a.account);
    fill_row(row, a, now);
    // A row that is moved loses the focus.
    if (body.children[i] !== row && !row.contains(document.activeElement)) body.insertBefore(row, body.children[i] || null);
  });
  for (const row of rows.values()) row.remove();
}

function show_failures(s) {
  const list = $('failures');
  const failures = s.recent_failures || [];
  const text = (f) => f.time + ' ' + f.identifier + ' through ' + f.account + ': ' + f.text;
  const texts = failures.length > 0 ? failures.map(text) : ['none'];
  if ([...list.children].map((e) => e.textContent).join('\n') === texts.join('\n')) return;
  list.replaceChildren(...texts.map((t) => element('li', t)));
}

function show() {
  if (!state) return;
  show_head(state);
  show_figures(state);
  show_plot(state);
  show_accounts(state);
  show_failures(state);
  $('pause').disabled = state.paused;
  $('resume').disabled = !state.paused;
  if (document.activeElement !== $('connections')) $('connections').value = state.connections;
  set('foot', 'unipile ' + state.version + (state.run ? ', run ' + state.run : '') + ', as of ' + state.time);
}

// Control

function say(text, bad) {
  $('answer').classList.toggle('bad', Boolean(bad));
  set('answer', text);
}

function use_token(text) {
  token = text;
  try {
    if (text) sessionStorage.setItem('token', text); else sessionStorage.removeItem('token');
  } catch { /* the page works without storage */ }
  document.body.classList.toggle('controls', Boolean(text));
  $('controls').hidden = !text;
  $('token-form').hidden = Boolean(text);
}

async function send(command) {
  say('…');
  try {
    const answer = await fetch('control', {
      method: 'POST',
      headers: {'Authorization': 'Bearer ' + token, 'Content-Type': 'application/json'},
      body: JSON.stringify(command),
      signal: AbortSignal.timeout(patience),
    });
    const result = await answer.json();
    if (answer.status === 401) use_token('');
    say(answer.ok ? result.text : result.error, !answer.ok);
  } catch (error) {
    say('The harvest did not answer: ' + error.message, true);
  }
  look();
}

function ask_pace(account) {
  paced = account;
  const known = (state.each_account || []).find((a) => a.account === account);
  set('pace-title', 'Pace of ' + account);
  $('pace').value = known ? known.pace : '';
  $('pace-dialog').showModal();
}

function listen() {
  $('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    use_token($('token').value.trim());
    $('token').value = '';
    say('');
    if (token) $('pause').focus();
  });
  $('forget').addEventListener('click', () => {
    use_token('');
    say('');
    $('token').focus();
  });
  $('pause').addEventListener('click', () => send({command: 'pause'}));
  $('resume').addEventListener('click', () => send({command: 'resume'}));
  $('connections-form').addEventListener('submit', (event) => {
    event.preventDefault();
    send({command: 'connections', connections: Number($('connections').value)});
  });
  $('pace-dialog').addEventListener('close', () => {
    if ($('pace-dialog').returnValue === 'set') send({command: 'pace', account: paced, pace: $('pace').value});
  });
  $('filter').addEventListener('change', show);
  $('search').addEventListener('input', show);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
}

// The token in the address that the harvest prints goes no further than this page.
function take_token() {
  let known = location.hash.slice(1);
  if (known) history.replaceState(null, '', location.pathname);
  try {
    known = known || sessionStorage.getItem('token') || '';
  } catch { /* the page works without storage */ }
  use_token(known);
}

// Looks

let looking = false;

async function look() {
  if (looking) return;
  looking = true;
  try {
    const answer = await fetch('status.json', {signal: AbortSignal.timeout(patience)});
    if (!answer.ok) throw new Error('status ' + answer.status);
    state = await answer.json();
    document.body.classList.remove('stale');
    show();
  } catch {
    document.body.classList.add('stale');
    notice(state ? 'The harvest has ended, or can\'t be reached; this is how it was at ' + state.time + '.'
      : 'The harvest can\'t be reached.', true);
  }
  looking = false;
}

draw_grid();
listen();
take_token();
look();
setInterval(() => { if (!document.hidden) look(); }, every);
