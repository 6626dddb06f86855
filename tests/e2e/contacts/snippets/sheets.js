const CRM_API = 'https://your-domain.com/api/v1';
const CRM_KEY = 'crm_your_api_key';

function importContactsToSheet() {
  const sheet = SpreadsheetApp.getActiveSpreadsheet().getActiveSheet();
  
  const options = {
    method: 'get',
    headers: {
      'Authorization': 'Bearer ' + CRM_KEY
    }
  };
  
  const response = UrlFetchApp.fetch(CRM_API + '/contacts?pageSize=100', options);
  const data = JSON.parse(response.getContentText());
  
  // Clear existing data
  sheet.clear();
  
  // Add headers
  const headers = ['ID', 'Name', 'Email', 'Company', 'Title', 'Phone', 'Industry'];
  sheet.getRange(1, 1, 1, headers.length).setValues([headers]);
  
  // Add contacts
  const contacts = data.data.contacts.map(c => [
    c.id,
    c.fullName,
    c.email,
    c.company,
    c.title,
    c.mobilePhone,
    c.industry
  ]);
  
  if (contacts.length > 0) {
    sheet.getRange(2, 1, contacts.length, headers.length).setValues(contacts);
  }
}

function exportContactsFromSheet() {
  const sheet = SpreadsheetApp.getActiveSpreadsheet().getActiveSheet();
  const data = sheet.getDataRange().getValues();
  
  // Skip header row
  const contacts = data.slice(1).map(row => ({
    fullName: row[1],
    email: row[2],
    company: row[3],
    title: row[4],
    mobilePhone: row[5],
    industry: row[6]
  }));
  
  const options = {
    method: 'post',
    contentType: 'application/json',
    headers: {
      'Authorization': 'Bearer ' + CRM_KEY
    },
    payload: JSON.stringify({ contacts: contacts })
  };
  
  const response = UrlFetchApp.fetch(CRM_API + '/contacts/bulk', options);
  Logger.log(response.getContentText());
}
