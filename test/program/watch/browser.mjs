// Drives a harvest's page in headless Chromium, by the WebDriver protocol: node browser.mjs CHROMEDRIVER ADDRESS TOKEN FOLDER.
// Leaves screenshots in FOLDER. Exits with 1 and a line if the page does not do what it should.
import {spawn} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {setTimeout as pause} from 'node:timers/promises';

const [driver, address, token, folder] = process.argv.slice(2);

function check(holds, what) {
  if (!holds) throw new Error(what);
}

async function until(what, look) {
  for (let i = 0; i < 600; ++i) {
    const found = await look();
    if (found) return found;
    await pause(50);
  }
  throw new Error('never: ' + what);
}

const chromedriver = spawn(driver, ['--port=0'], {stdio: ['ignore', 'pipe', 'inherit']});
const port = await new Promise((resolve, reject) => {
  let text = '';
  chromedriver.stdout.on('data', (part) => {
    text += part;
    const found = /successfully on port (\d+)/.exec(text);
    if (found) resolve(found[1]);
  });
  chromedriver.on('exit', () => reject(new Error('chromedriver has ended: ' + text)));
});

async function ask(method, path, body) {
  const answer = await fetch('http://127.0.0.1:' + port + path,
    {method, body: body === undefined ? undefined : JSON.stringify(body)});
  const {value} = await answer.json();
  if (!answer.ok) throw new Error(method + ' ' + path + ': ' + value.message);
  return value;
}

let session = '';

const run = (script, ...args) => ask('POST', session + '/execute/sync', {script, args});
const text = (id) => run('return document.getElementById(arguments[0]).textContent', id);
const status = async () => (await fetch(address + 'status.json')).json();
const key = {enter: '\uE007', tab: '\uE004', escape: '\uE00C'};

async function type(keys) {
  const actions = [...keys].flatMap((value) => [{type: 'keyDown', value}, {type: 'keyUp', value}]);
  await ask('POST', session + '/actions', {actions: [{type: 'key', id: 'keyboard', actions}]});
}

async function shoot(name) {
  writeFileSync(folder + '/' + name + '.png', Buffer.from(await ask('GET', session + '/screenshot'), 'base64'));
}

// Moves the focus by the keyboard alone.
async function tab_to(id) {
  for (let i = 0; i < 200; ++i) {
    if (await run('return document.activeElement.id') === id) return;
    await type([key.tab]);
  }
  throw new Error('the keyboard does not reach #' + id);
}

async function look_at_the_page() {
  await ask('POST', session + '/window/rect', {width: 1200, height: 1000});
  await ask('POST', session + '/url', {url: address});
  await until('accounts', async () => await run('return document.querySelectorAll("#accounts tr").length') > 0);
  await until('a plot', () => run('return document.getElementById("plot-line").getAttribute("d")'));
  check(/ %$/.test(await text('phase')), 'there is no percentage');
  check(/Jobs done/.test(await text('figures')), 'there are no figures');
  check(await run('return document.getElementById("controls").hidden'), 'there are controls without a token');
  check((await run('return getComputedStyle(document.querySelector("#accounts .act")).display')) === 'none',
    'accounts have buttons without a token');
  await shoot('wide');
}

async function control_by_keyboard() {
  await tab_to('token');
  await type('wrong-token-of-tests');
  await type([key.enter]);
  await tab_to('resume');
  await type([key.enter]);
  await until('a refusal', async () => /token is missing or wrong/.test(await text('answer')));
  check((await status()).paused, 'a wrong token resumes');

  await tab_to('token');
  await type(token);
  await type([key.enter]);
  await tab_to('resume');
  await type([key.enter]);
  await until('requests', async () => (await status()).requests > 4);
  await until('an end of the notice', () => run('return document.getElementById("notice").hidden'));
  await shoot('running');
  await tab_to('pause');
  await type([key.enter]);
  await until('a pause', async () => (await status()).paused);
  await until('the word', async () => /paused/.test(await text('phase')));
  await until('a notice', async () => /^Paused/.test(await text('notice')));
  await shoot('paused');

  await tab_to('connections');
  await run('document.getElementById("connections").select()');
  await type('12');
  await type([key.enter]);
  await until('connections', async () => (await status()).connections === 12);
}

async function change_an_account() {
  const account = await run('return document.querySelector("#accounts tr").dataset.account');
  const of_account = async () => (await status()).each_account.find((a) => a.account === account);
  const press = (i) => run('document.querySelector("#accounts tr[data-account=\'" + arguments[0] + "\'] .act")' +
    '.children[arguments[1]].click()', account, i);
  await press(0);
  await until('a dialog', () => run('return document.getElementById("pace-dialog").open'));
  await shoot('pace');
  await run('document.getElementById("pace").select()');
  await type('50/day, gap 5s-20s');
  await type([key.enter]);
  await until('a pace', async () => /50/.test((await of_account()).pace));
  await press(0);
  await type([key.escape]);
  check(!(await run('return document.getElementById("pace-dialog").open')), 'Escape leaves the dialog open');
  await press(1);
  await until('a parked account', async () => (await of_account()).state === 'parked');
  await until('its button', async () => /Unpark/.test(await run('return document.getElementById("accounts").textContent')));
  await press(1);
  await until('an unparked account', async () => (await of_account()).state !== 'parked');
  await press(0);
  await run('document.getElementById("pace").select()');
  await type('default');
  await type([key.enter]);
  await until('the pace of the harvest', async () => (await of_account()).pace === 'none');
}

async function look_at_it_narrow() {
  await ask('POST', session + '/window/rect', {width: 500, height: 900});
  // Chromium has no window below 500 pixels; a frame of a phone's width shows the rest.
  await ask('POST', session + '/goog/cdp/execute', {cmd: 'Emulation.setDeviceMetricsOverride',
    params: {width: 360, height: 800, deviceScaleFactor: 2, mobile: true}});
  await pause(100);
  const wide = await run('return document.documentElement.scrollWidth');
  check(wide <= 360, 'the page is ' + wide + ' pixels wide on a screen of 360');
  await shoot('narrow');
  await run('document.getElementById("accounts-title").scrollIntoView()');
  await shoot('narrow-accounts');
  await ask('POST', session + '/goog/cdp/execute', {cmd: 'Emulation.setEmulatedMedia',
    params: {features: [{name: 'prefers-color-scheme', value: 'dark'}]}});
  await run('scrollTo(0, 0)');
  await shoot('dark');
  await ask('POST', session + '/goog/cdp/execute', {cmd: 'Emulation.clearDeviceMetricsOverride', params: {}});
}

async function open_with_the_token() {
  await run('sessionStorage.clear()');
  await ask('POST', session + '/url', {url: 'about:blank'});
  await ask('POST', session + '/url', {url: address + '#' + token});
  await until('controls', () => run('return !document.getElementById("controls").hidden'));
  check(!(await ask('GET', session + '/url')).includes(token), 'the address keeps the token');
  await run('document.getElementById("resume").click()');
  await until('a harvest that goes on', async () => !(await status()).paused);
}

async function see_the_end() {
  await until('the end', async () => /has ended/.test(await text('notice')));
  await shoot('ended');
}

try {
  const made = await ask('POST', '/session', {capabilities: {alwaysMatch: {browserName: 'chrome',
    'goog:chromeOptions': {args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']},
    'goog:loggingPrefs': {browser: 'ALL'}}}});
  session = '/session/' + made.sessionId;
  await look_at_the_page();
  await control_by_keyboard();
  await change_an_account();
  await look_at_it_narrow();
  await open_with_the_token();
  await see_the_end();
  const log = await ask('POST', session + '/se/log', {type: 'browser'});
  const wrong = log.filter((entry) => entry.level === 'SEVERE' && !/401|ERR_CONNECTION_REFUSED|Failed to fetch/.test(entry.message));
  check(wrong.length === 0, 'the console has ' + JSON.stringify(wrong));
  console.log('the page works');
} catch (error) {
  console.log(error.message);
  if (session) await shoot('failure').catch(() => {});
  process.exitCode = 1;
} finally {
  if (session) await ask('DELETE', session).catch(() => {});
  chromedriver.kill();
}
