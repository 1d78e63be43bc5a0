// A foreign SMSC (npm smpp) that does what it is told on stdin and prints what it sees, one JSON line per event.
// {"from", "text"} delivers an MO; {"receipts": true} reports every MT so far, in three forms by turns.
// A port may be given.
const readline = require('readline');
const smpp = require('smpp');

const hex = (id) => id.toString(16).toUpperCase().padStart(8, '0');
const say = (event) => console.log(JSON.stringify(event));
const submitted = [];
let next = 0xbeef;
let session;

const FORMS = [
  ({ id, text }) => ({ short_message: {
    message: `id:${id} sub:001 dlvrd:001 submit date:210122090000 done date:210122090001 `
      + `stat:DELIVRD err:000 text:${text.slice(0, 20)}` } }),
  ({ id }) => ({ short_message: '', receipted_message_id: hex(id), message_state: 2 }),
  ({ id }) => ({ short_message: `id:${hex(id)} stat:DELIVERED` }),
];

function deliver(pdu, event) {
  session.deliver_sm({ source_addr_ton: 1, source_addr_npi: 1, ...pdu }, (response) => {
    say({ event, status: response.command_status });
  });
}

const server = smpp.createServer((peer) => {
  peer.on('error', () => {});
  peer.on('bind_transceiver', (pdu) => {
    session = peer;
    peer.send(pdu.response({ system_id: 'npm' }));
    say({ event: 'bound', system_id: pdu.system_id, version: pdu.interface_version });
  });
  peer.on('submit_sm', (pdu) => {
    const id = next++;
    const text = pdu.short_message.message;
    const udh = pdu.short_message.udh;
    submitted.push({ id, text, to: pdu.destination_addr, from: pdu.source_addr });
    peer.send(pdu.response({ message_id: hex(id) }));
    say({
      event: 'submitted', to: pdu.destination_addr, from: pdu.source_addr, text,
      part: udh ? [...Buffer.concat([].concat(udh))].slice(-2) : [1, 1],
      registered_delivery: pdu.registered_delivery, data_coding: pdu.data_coding,
    });
  });
  peer.on('enquire_link', (pdu) => peer.send(pdu.response()));
  peer.on('unbind', (pdu) => { peer.send(pdu.response()); peer.close(); });
});

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const told = JSON.parse(line);
  if (told.receipts) {
    submitted.splice(0).forEach((mt, n) => deliver({
      source_addr: mt.to, destination_addr: mt.from, esm_class: 4, ...FORMS[n % FORMS.length](mt),
    }, 'receipt_taken'));
  } else {
    deliver({ source_addr: told.from, destination_addr: '1221', short_message: { message: told.text } }, 'mo_taken');
  }
}).on('close', () => process.exit(0));
server.listen(Number(process.argv[2] || 0), '127.0.0.1', () => say({ event: 'listening', port: server.address().port }));
