// A foreign SMSC (npm smpp) that answers in hexadecimal and reports in decimal, with seconds in its dates.
const smpp = require('smpp');

let next = 0xbeef;
const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => {
    session.send(pdu.response());
    session.deliver_sm({
      source_addr_ton: 1, source_addr_npi: 1, source_addr: '420601123456', destination_addr: '1221',
      data_coding: 8, short_message: { message: 'Žďár' }, user_message_reference: 9,
    });
  });
  session.on('submit_sm', (pdu) => {
    const id = next++;
    session.send(pdu.response({ message_id: id.toString(16).toUpperCase().padStart(8, '0') }));
    session.deliver_sm({
      source_addr_ton: 1, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:210122090000 done date:210122090001 `
        + `stat:DELIVRD err:000 text:${String(pdu.short_message.message).slice(0, 20)}`,
    });
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
