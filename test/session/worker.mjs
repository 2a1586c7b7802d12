// A process that does with a session what it is told, for the tests in this folder.
import { inspect } from 'node:util';
import { Session, collectSharedSession, myJobs, upload } from 'starfix';

let session;
let sharing;

const commands = {
  open: (options) => void (session = new Session(options)),
  collect: async (name, options) => void (session = await collectSharedSession(name, options)),
  fromToken: (token) => void (session = Session.fromToken(token)),
  share: async (name) => void (sharing = await session.share(name)),
  unshare: async () => await sharing.close(),
  login: async (options) => await session.login(options),
  mine: async (times = 1) => await Promise.all(Array.from({ length: times }, () => myJobs(session))),
  upload: async (text) => (await upload(session, new TextEncoder().encode(text))).id,
  token: async () => await session.token(),
  info: () => session.info(),
  apiKey: () => session.apiKey,
  shown: () => `${inspect(session)} ${JSON.stringify(session)} ${String(session)}`,
  // The parent must disconnect as well; then only what the session holds keeps the process alive.
  end: () => process.disconnect(),
};

async function obey({ id, name, words }) {
  let answer;
  try {
    answer = { id, value: await commands[name](...words) };
  } catch (error) {
    answer = { id, fault: { name: error.name, code: error.code, message: error.message } };
  }
  if (process.connected) process.send(answer);
}

process.on('message', (order) => void obey(order));
process.send('ready');
